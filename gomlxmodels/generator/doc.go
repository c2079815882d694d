// Package generator composes the models into generators of flows.
//
// Sampled is NeCSTGen's composition with every output drawn from a distribution:
//
//   - packet level: a VAE embeds each packet's features, a mixture of Gaussians
//     clusters the latent points, so that each packet has a label;
//   - flow level: a Markov chain over the labels of a flow is the prior of the
//     network's first head, the label; given it and all packets so far, the other
//     heads draw direction, flags and end of flow, header length, payload length
//     and gap, each seeing what was drawn before it;
//   - aggregate level: a second mixture over whole flows (packets, bytes, duration,
//     gaps, time since the flow before) and a chain over its components in start
//     order draw when each flow starts and what shape it has.
//
// Markov and Bootstrap are baselines: a chain over exact packet tokens, and
// training flows drawn with replacement.
package generator
