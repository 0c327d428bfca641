/**
 * Relays and clients under a virtual clock and network: the production machines, driven from a
 * seed.
 *
 * <pre>{@code
 * World world = World.of(WorldConfig.of(seed, 8, 256, LinkModel.uniform(LinkProfile.ofLatency(1_000_000))));
 * RelayNode first = world.addRelay(RelayConfig.of("a", new LayerSpan(0, 4), ComputeProfile.ofToken(2_000_000)));
 * world.addRelay(RelayConfig.of("b", new LayerSpan(4, 8), ComputeProfile.ofToken(2_000_000)));
 * ClientNode client = world.addClient(ClientConfig.of("c",
 *     RouteConfig.of(8, OraclePayloads.ROW, 256), Generation.of(7, 10, 100)), 0);
 * world.at(50_000_000, first::restart);
 * boolean done = world.runUntilFinished(3_600_000_000_000L);
 * }</pre>
 *
 * Nodes can be added at any time. {@link io.baton.simulations.world.LinkModel} gives each pair its
 * link (a matrix, say), {@link io.baton.simulations.world.Mischief} decides the fate of each
 * message and may crash nodes as it does, {@link io.baton.simulations.world.WorldObserver} sees
 * everything, {@link io.baton.simulations.world.Directory} says which relays a client hears of,
 * {@link io.baton.simulations.world.Protocol} is the machines. Counts are in {@link
 * io.baton.simulations.world.World#statistics()}, those of a session in {@code
 * client.state().stats()}; {@link io.baton.simulations.world.Oracle} says what the tokens must be.
 * Payloads have eight real bytes a token; what they weigh on links and in pools is said by {@link
 * io.baton.simulations.world.WireSize}.
 */
@NullMarked
package io.baton.simulations.world;

import org.jspecify.annotations.NullMarked;
