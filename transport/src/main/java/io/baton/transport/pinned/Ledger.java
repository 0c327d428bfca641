package io.baton.transport.pinned;

import io.baton.transport.pinned.PoolUsage.Amount;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Map.Entry;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Who holds how much of a pool and for what. Used under the pool's lock. */
final class Ledger {

  private static final class Tally {
    private long bytes;
    private long reserved;
    private long slots;

    void add(long moreBytes, long moreReserved, int sign) {
      bytes += sign * moreBytes;
      reserved += sign * moreReserved;
      slots += sign;
    }

    Amount amount() {
      return new Amount(bytes, reserved, slots);
    }
  }

  /** One holder's, with the part that rules do not count. */
  private static final class Account {
    private final Tally all = new Tally();
    private final Tally history = new Tally();
  }

  private final Tally total = new Tally();
  private final Map<PoolUse, Tally> uses = new EnumMap<>(PoolUse.class);
  private final Map<String, Account> holders = new HashMap<>();

  Ledger() {
    for (PoolUse use : PoolUse.values()) {
      uses.put(use, new Tally());
    }
  }

  void charge(PoolUse use, String holder, long bytes, long reserved) {
    book(use, holders.computeIfAbsent(holder, _ -> new Account()), bytes, reserved, 1);
  }

  void discharge(PoolUse use, String holder, long bytes, long reserved) {
    Account account = holders.get(holder);
    if (account == null) {
      throw new IllegalStateException(holder + " holds nothing");
    }
    book(use, account, bytes, reserved, -1);
    if (account.all.slots == 0) {
      holders.remove(holder);
    }
  }

  private void book(PoolUse use, Account account, long bytes, long reserved, int sign) {
    total.add(bytes, reserved, sign);
    of(use).add(bytes, reserved, sign);
    account.all.add(bytes, reserved, sign);
    if (use == PoolUse.HISTORY) {
      account.history.add(bytes, reserved, sign);
    }
  }

  private Tally of(PoolUse use) {
    Tally tally = uses.get(use);
    if (tally == null) {
      throw new IllegalStateException("no tally of " + use);
    }
    return tally;
  }

  PoolRules.Held heldBy(String holder, long capacity) {
    @Nullable Account account = holders.get(holder);
    return new PoolRules.Held(
        capacity,
        total.reserved - of(PoolUse.HISTORY).reserved,
        of(PoolUse.PUSH).reserved,
        account == null ? 0 : account.all.reserved - account.history.reserved);
  }

  PoolUsage usage(long capacity, long largestFree) {
    return new PoolUsage(
        capacity,
        largestFree,
        total.amount(),
        amounts(uses, Tally::amount),
        amounts(holders, account -> account.all.amount()));
  }

  private static <K, T> Map<K, Amount> amounts(Map<K, T> from, Function<T, Amount> amount) {
    return from.entrySet().stream()
        .collect(Collectors.toMap(Entry::getKey, entry -> amount.apply(entry.getValue())));
  }
}
