package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.StageInfo;
import io.baton.session.model.TensorSpec;
import java.util.HashSet;
import java.util.Set;

/** Stages and their layers. */
public final class StageCodec {

  /** The longest id of a model, in bytes of UTF-8. */
  public static final int MAX_MODEL_ID_BYTES = 1024;

  /** The most side inputs that a stage or a payload names. */
  public static final int MAX_SIDE_INPUTS = 64;

  /** The longest name of a side input, in bytes of UTF-8. */
  public static final int MAX_SIDE_INPUT_NAME_BYTES = 255;

  private StageCodec() {}

  public static io.baton.proto.v1.LayerSpan toWire(LayerSpan span) {
    return io.baton.proto.v1.LayerSpan.newBuilder()
        .setFirst(span.first())
        .setEnd(span.end())
        .build();
  }

  public static LayerSpan fromWire(io.baton.proto.v1.LayerSpan wire)
      throws MalformedFrameException {
    int first = Fields.unsigned("first", wire.getFirst());
    int end = Fields.unsigned("end", wire.getEnd());
    return Fields.built("end", () -> new LayerSpan(first, end));
  }

  public static io.baton.proto.v1.StageInfo toWire(StageInfo stage) {
    return io.baton.proto.v1.StageInfo.newBuilder()
        .setModelId(stage.modelId())
        .setModelLayers(stage.modelLayers())
        .setSpan(toWire(stage.span()))
        .setInputRow(TensorCodec.toWire(stage.inputRow()))
        .setOutputRow(TensorCodec.toWire(stage.outputRow()))
        .setMaxLength(stage.maxLength())
        .addAllSideInputs(stage.sideInputs().stream().sorted().toList())
        .build();
  }

  public static StageInfo fromWire(io.baton.proto.v1.StageInfo wire)
      throws MalformedFrameException {
    String modelId = modelIdFromWire(wire.getModelId(), wire.getModelIdBytes());
    int layers = Fields.unsigned("model_layers", wire.getModelLayers());
    LayerSpan span = Fields.nested("span", wire.hasSpan(), wire.getSpan(), StageCodec::fromWire);
    TensorSpec in =
        Fields.nested("input_row", wire.hasInputRow(), wire.getInputRow(), TensorCodec::fromWire);
    TensorSpec out =
        Fields.nested(
            "output_row", wire.hasOutputRow(), wire.getOutputRow(), TensorCodec::fromWire);
    int maxLength = Fields.unsigned("max_length", wire.getMaxLength());
    Set<String> sideInputs = sideInputs(wire);
    if (span.end() > layers) {
      throw new MalformedFrameException(
          "span", "%s of a model of %d layers".formatted(span, layers));
    }
    if (maxLength == 0) {
      throw new MalformedFrameException("max_length", "0; a stage holds at least one token");
    }
    // What is left for the constructor to refuse is a row that is not one row.
    return Fields.built(
        "input_row, output_row",
        () -> new StageInfo(modelId, layers, span, in, out, maxLength, sideInputs));
  }

  /** The id of a model, where a message other than StageInfo names one. */
  public static String modelIdFromWire(String value, ByteString utf8)
      throws MalformedFrameException {
    return Fields.text("model_id", utf8, value, MAX_MODEL_ID_BYTES);
  }

  private static Set<String> sideInputs(io.baton.proto.v1.StageInfo wire)
      throws MalformedFrameException {
    Fields.atMost("side_inputs", wire.getSideInputsCount(), MAX_SIDE_INPUTS);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < wire.getSideInputsCount(); i++) {
      String name =
          Fields.text(
              "side_inputs",
              wire.getSideInputsBytes(i),
              wire.getSideInputs(i),
              MAX_SIDE_INPUT_NAME_BYTES);
      if (!names.add(name)) {
        throw new MalformedFrameException("side_inputs", Fields.quoted(name) + " stands twice");
      }
    }
    return names;
  }
}
