package io.baton.simulations;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Dependencies point one way. */
@AnalyzeClasses(packages = "io.baton", importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {

  @ArchTest
  static final ArchRule layers =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("session")
          .definedBy("io.baton.session..")
          .layer("verification")
          .definedBy("io.baton.verification..")
          .layer("proto")
          .definedBy("io.baton.proto..")
          .layer("transport")
          .definedBy("io.baton.transport..")
          .layer("relay-server")
          .definedBy("io.baton.relay..")
          .layer("client")
          .definedBy("io.baton.client..")
          .layer("stages")
          .definedBy("io.baton.stages..")
          .layer("simulations")
          .definedBy("io.baton.simulations..")
          .whereLayer("session")
          .mayNotAccessAnyLayer()
          .whereLayer("verification")
          .mayOnlyAccessLayers("session")
          .whereLayer("proto")
          .mayOnlyAccessLayers("session", "verification")
          .whereLayer("transport")
          .mayOnlyAccessLayers("session", "verification", "proto")
          .whereLayer("relay-server")
          .mayOnlyAccessLayers("session", "verification", "proto", "transport")
          .whereLayer("client")
          .mayOnlyAccessLayers("session", "verification", "proto", "transport")
          .whereLayer("stages")
          .mayOnlyAccessLayers("session", "verification", "proto", "transport", "client")
          .whereLayer("simulations")
          .mayOnlyAccessLayers("session", "verification");

  /** The machines are pure: what can be replayed from a seed has no thread, no clock, no file. */
  @ArchTest
  static final ArchRule session_isPure =
      noClasses()
          .that()
          .resideInAPackage("io.baton.session..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.util.concurrent..",
              "java.net..",
              "java.io..",
              "java.nio.file..",
              "java.nio.channels..",
              "java.time..",
              "io.grpc..",
              "com.google.protobuf..",
              "org.slf4j..")
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(
              Thread.class,
              java.util.Random.class,
              java.util.Timer.class,
              java.security.SecureRandom.class)
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis");

  @ArchTest
  static final ArchRule grpc_staysAtTheEdges =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.baton.session..", "io.baton.verification..", "io.baton.simulations..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc..", "com.google.protobuf..");

  @ArchTest
  static final ArchRule ucx_isTouchedInOnePlace =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.baton.transport.ucx..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.openucx..");
}
