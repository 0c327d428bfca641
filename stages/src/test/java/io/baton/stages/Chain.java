package io.baton.stages;

import io.baton.client.stage.StageException;
import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** All stages of a model in one process, driven one after the other. */
final class Chain implements AutoCloseable {

  private final List<JlamaStageExecutor> stages = new ArrayList<>();

  static Chain load(ModelDirectory model, int count) throws ModelException {
    Chain chain = new Chain();
    for (int stage = 1; stage <= count; stage++) {
      chain.stages.add(JlamaStageExecutor.load(model, stage, count, 4));
    }
    return chain;
  }

  void open(SessionId session, int maxLength) throws StageException {
    for (JlamaStageExecutor stage : stages) {
      stage.open(session, maxLength);
    }
  }

  Tensor forward(SessionId session, int position, Tensor input) throws StageException {
    Tensor rows = input;
    for (JlamaStageExecutor stage : stages) {
      rows = stage.forward(session, position, rows, Collections.emptySortedMap());
    }
    return rows;
  }

  void rollback(SessionId session, int length) throws StageException {
    for (JlamaStageExecutor stage : stages) {
      stage.rollback(session, length);
    }
  }

  void close(SessionId session) {
    stages.forEach(stage -> stage.close(session));
  }

  /** The greedy continuation of {@code prompt}, as {@link UnsplitModel#generate} makes it. */
  List<Integer> generate(ModelEnds ends, String prompt, int maxTokens) throws StageException {
    SessionId session = new SessionId(7, 7);
    open(session, 400);
    try {
      List<Integer> tokens = new ArrayList<>();
      int[] step = ends.encode(prompt);
      int position = 0;
      while (tokens.size() < maxTokens) {
        Tensor output = forward(session, position, ends.embed(step));
        position += step.length;
        step = new int[] {ends.nextToken(output.rows(step.length - 1, 1))};
        tokens.add(step[0]);
        if (ends.isEnd(step[0])) {
          break;
        }
      }
      return tokens;
    } finally {
      close(session);
    }
  }

  @Override
  public void close() {
    stages.forEach(JlamaStageExecutor::close);
  }
}
