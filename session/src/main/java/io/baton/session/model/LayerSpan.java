package io.baton.session.model;

/** A contiguous span of a model's layers: {@code [first, end)}. */
public record LayerSpan(int first, int end) {

  /**
   * @throws IllegalArgumentException if the span is empty or begins before layer 0
   */
  public LayerSpan {
    if (first < 0 || end <= first) {
      throw new IllegalArgumentException("not a span of layers: [%d, %d)".formatted(first, end));
    }
  }

  public int layers() {
    return end - first;
  }

  @Override
  public String toString() {
    return "layers %d-%d".formatted(first, end - 1);
  }
}
