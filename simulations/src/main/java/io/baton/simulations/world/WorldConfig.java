package io.baton.simulations.world;

/**
 * What a world is built of before its nodes.
 *
 * @param layers of the model
 * @param maxLength the most tokens that a session may hold
 */
public record WorldConfig(
    long seed,
    int layers,
    int maxLength,
    WireSize wire,
    LinkModel links,
    Timings timings,
    Directory directory) {

  public static WorldConfig of(long seed, int layers, int maxLength, LinkModel links) {
    return new WorldConfig(
        seed, layers, maxLength, WireSize.PLAIN, links, Timings.DEFAULT, Directory.ALL);
  }

  public WorldConfig withWire(WireSize size) {
    return new WorldConfig(seed, layers, maxLength, size, links, timings, directory);
  }

  public WorldConfig withTimings(Timings delays) {
    return new WorldConfig(seed, layers, maxLength, wire, links, delays, directory);
  }

  public WorldConfig withDirectory(Directory other) {
    return new WorldConfig(seed, layers, maxLength, wire, links, timings, other);
  }
}
