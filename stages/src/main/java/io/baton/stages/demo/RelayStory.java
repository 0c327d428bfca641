package io.baton.stages.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The stories of relay races that the demo model tells: it is given the runners, and makes up and
 * adds up their laps. The words are those that it was trained on.
 */
public final class RelayStory {

  private static final List<String> NAMES =
      List.of(
          ("Ana Ben Chi Dov Eli Fay Gus Hal Ida Jon Kim Leo Mia Ned Ola Pia Raj Sol Tia Uma Vic Wes"
                  + " Yan Zoe")
              .split(" "));

  private static final int MIN_RUNNERS = 2;
  private static final int MAX_RUNNERS = 5;

  private RelayStory() {}

  /** Prompts of two to five different runners; the same for the same seed. */
  public static List<String> prompts(long seed, int count) {
    Random random = new Random(seed);
    List<String> prompts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      List<String> names = new ArrayList<>(NAMES);
      Collections.shuffle(names, random);
      int runners = random.nextInt(MIN_RUNNERS, MAX_RUNNERS + 1);
      prompts.add("Relay: " + String.join(", ", names.subList(0, runners)) + ".\n");
    }
    return List.copyOf(prompts);
  }

  /**
   * Whether a story, from its prompt to its end, lets every runner run once and in order, and has
   * every sum right.
   */
  public static boolean consistent(String story) {
    List<String> lines = List.of(story.strip().split("\n", -1));
    List<String> runners =
        List.of(withoutDot(lines.getFirst().replaceFirst("^Relay: ", "")).split(", "));
    if (lines.size() != runners.size() + 2) {
      return false;
    }
    int total = 0;
    for (int i = 0; i < runners.size(); i++) {
      String line = lines.get(i + 1);
      List<String> words = List.of(line.strip().split("\\s+"));
      if (words.size() < 3
          || !words.get(0).equals(runners.get(i))
          || !words.get(1).equals("runs")
          || !isNumber(words.get(2))) {
        return false;
      }
      total += Integer.parseInt(words.get(2));
      if (!withoutDot(words.getLast()).equals(Integer.toString(total))) {
        return false;
      }
      if (i + 1 < runners.size() && !line.contains("to " + runners.get(i + 1) + ".")) {
        return false;
      }
    }
    return lines.getLast().equals("Total: %d laps.".formatted(total));
  }

  private static String withoutDot(String text) {
    return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
  }

  private static boolean isNumber(String word) {
    return word.matches("[0-9]{1,6}");
  }
}
