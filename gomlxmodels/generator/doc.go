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
// Traffic without flows (SNMP polling, what a LoRaWAN gateway hears) is one timeline
// that Segments cuts into blocks: with Config.NoFlow these are learnt as flows are,
// and what is generated is laid one behind the other again.
//
// LoRaWAN uplinks (flow.Packet.Radio) get heads for spreading factor and the other
// settings, frequency, RSSI, SNR and the step of the frame counter. By device, a flow
// is what one gateway hears of one device, whose radio profile is drawn with the
// flow's shape; without flows, each uplink is given to one of as many devices as
// training had, by how well it fits. Gateways and addresses are made up.
//
// Sampled and Paper have the packet level by itself (PacketLevel): packets drawn from
// observed, chained or hand-written labels.
//
// Markov and Bootstrap are baselines: a chain over exact packet tokens, and
// training flows drawn with replacement.
package generator
