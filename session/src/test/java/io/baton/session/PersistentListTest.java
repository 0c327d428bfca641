package io.baton.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PersistentListTest {

  @Test
  void empty_hasNoElements() {
    PersistentList<Integer> empty = PersistentList.empty();
    assertThat(empty.size()).isZero();
    assertThatThrownBy(() -> empty.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(empty::last).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void append_leavesTheOriginalAlone() {
    PersistentList<Integer> one = PersistentList.<Integer>empty().append(1);
    assertThat(elements(one.append(2))).containsExactly(1, 2);
    assertThat(elements(one.append(3))).containsExactly(1, 3);
    assertThat(elements(one)).containsExactly(1);
  }

  @Test
  void get_outOfBoundsIsRefused() {
    PersistentList<Integer> list = PersistentList.empty();
    for (int i = 0; i < 200; i++) {
      list = list.append(i);
    }
    PersistentList<Integer> full = list;
    assertThatThrownBy(() -> full.get(200)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> full.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(full.last()).isEqualTo(199);
  }

  @Test
  void truncate_thenAppendEqualsAppendingFromTheBeginning() {
    SplittableRandom random = new SplittableRandom(1);
    PersistentList<Integer> list = PersistentList.empty();
    List<Integer> model = new ArrayList<>();
    for (int round = 0; round < 2_000; round++) {
      if (random.nextInt(20) == 0) {
        int size = random.nextInt(model.size() + 1);
        list = list.truncate(size);
        model.subList(size, model.size()).clear();
      } else {
        list = list.append(round);
        model.add(round);
      }
      assertThat(list.size()).isEqualTo(model.size());
    }
    assertThat(elements(list)).isEqualTo(model);
    PersistentList<Integer> again = PersistentList.empty();
    for (int element : model) {
      again = again.append(element);
    }
    assertThat(list).isEqualTo(again);
  }

  @Test
  void truncate_toMoreThanThereIsChangesNothing() {
    PersistentList<Integer> list = PersistentList.<Integer>empty().append(1);
    assertThat(list.truncate(5)).isSameAs(list);
  }

  private static <T> List<T> elements(PersistentList<T> list) {
    List<T> elements = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      elements.add(list.get(i));
    }
    return elements;
  }
}
