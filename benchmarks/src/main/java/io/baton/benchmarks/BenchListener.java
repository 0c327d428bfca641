package io.baton.benchmarks;

/** Hears how a benchmark goes on. */
public interface BenchListener {

  /** What is being done now, in a few words. */
  void progress(String what);

  /** Something that whoever reads the figures should know, in a sentence. */
  void note(String sentence);
}
