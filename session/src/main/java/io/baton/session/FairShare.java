package io.baton.session;

/**
 * How much of a bound one holder may have: at most {@code factor} times what is left of it, the
 * dynamic threshold of Choudhury and Hahne (IEEE/ACM Transactions on Networking, 1998). With a
 * factor of 4 a greedy holder that is alone gets four fifths, n greedy holders get 4/(4n+1) each,
 * and there always is room for a newcomer, without a limit that would have to be chosen for a
 * number of holders.
 */
public record FairShare(double factor) {

  /** A greedy holder that is alone gets four fifths. */
  public static final FairShare FOUR_FIFTHS = new FairShare(4);

  /** Whoever comes first may have everything. */
  public static final FairShare WHOLE = new FairShare(Double.POSITIVE_INFINITY);

  /**
   * @throws IllegalArgumentException if the factor is not positive
   */
  public FairShare {
    if (!(factor > 0)) {
      throw new IllegalArgumentException("a factor of " + factor);
    }
  }

  /**
   * The rule by which a greedy holder that is alone gets that part of the bound.
   *
   * @param share more than 0 and at most 1
   * @throws IllegalArgumentException if it is not
   */
  public static FairShare of(double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "a share of %s; it is more than 0, at most 1".formatted(share));
    }
    return new FairShare(share / (1 - share));
  }

  /**
   * Whether a holder may have that much more. One that has nothing may take what there is.
   *
   * @param own what it has
   * @param amount what it asks for
   * @param left what nobody has
   */
  public boolean admits(long own, long amount, long left) {
    return own == 0 || Double.isInfinite(factor) || own + amount <= factor * left;
  }
}
