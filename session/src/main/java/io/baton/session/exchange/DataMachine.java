package io.baton.session.exchange;

import io.baton.session.Transition;

/**
 * What becomes of the chunks of one datum at the relay that its readers are attached to.
 *
 * <p>A chunk that has arrived is owed to the members that it is for. A reader that receives it
 * holds it until it is done with it, and with the reader's word its member is done; or until it
 * lets go of it, because it did not want it any more when it came. What nobody holds is free to go,
 * once nobody is owed it at any time, until then only when its time is up; what was here and is
 * gone is answered {@link Failure.Reason#GONE}, and never waited for. Requests that come before
 * their chunk wait for it, each with its own deadline.
 *
 * <p>What senders say may come twice and in any order: what is known already changes nothing. What
 * a reader says comes once, and in its order. A datum all of whose chunks are done may be sent anew
 * under its id; that begins with a chunk, and no message that was sent before it counts any more.
 *
 * <p>A datum that is over is forgotten after a while, or when there are too many of them. That none
 * of its messages begins it anew then is what is known of their senders: {@link Taken}.
 */
public final class DataMachine {

  private DataMachine() {}

  /** What becomes of a datum with that input, of whose sender nothing is known. */
  public static Transition<DataState, DataEffect> step(
      DataState state, DataInput input, long nowNanos) {
    return step(state, input, Taken.NOTHING, nowNanos);
  }

  /**
   * What becomes of a datum with that input.
   *
   * @param taken from the relay that sent this, if one did. What is kept, and a closing that is
   *     known, is to be added to it
   */
  public static Transition<DataState, DataEffect> step(
      DataState state, DataInput input, Taken taken, long nowNanos) {
    DataScratch scratch = new DataScratch(state, nowNanos);
    switch (input) {
      case DataInput.Arrived arrived -> new Arrivals(scratch, taken).arrived(arrived);
      case DataInput.Closed closed -> new Arrivals(scratch, taken).closed(closed);
      case DataInput.Receive receive -> new Requests(scratch).receive(receive);
      case DataInput.Cancel(long request) -> scratch.waiting.remove(request);
      case DataInput.MarkDone(Reader reader, int index) ->
          scratch.update(index, here -> here.doneBy(reader));
      case DataInput.LetGo(Reader reader, int index) ->
          scratch.update(index, here -> here.without(reader.registration()));
      case DataInput.ReaderGone(long registration) -> new Requests(scratch).gone(registration);
      case DataInput.Dropped(int index) -> scratch.drop(index);
      case DataInput.Crowded _ -> scratch.crowd();
      case DataInput.Tick _ -> new Requests(scratch).tick();
    }
    return scratch.finish(!(input instanceof DataInput.Tick || input instanceof DataInput.Crowded));
  }
}
