// Package archive makes one file of a run, and a run of such a file: a tar archive
// compressed by Zstandard (RFC 8878), which `tar --zstd -xf` unpacks.
//
//	Export   the whole run
//	Share    the run without the capture that it learnt from
//	Import   the run below a folder of runs
//
// An archive holds one run folder, <experiment>/<id>/, its manifest first. It has neither
// times of files nor owners, so one run makes the same bytes wherever it is exported.
//
// # What is shared
//
// Share keeps what a generator needs and what the run has made, and leaves out every
// table, picture and text that holds packets, flows or names of the original. A file that
// is not named here is left out, too.
//
//	manifest.json            written anew: without name, tags and note, about, host, paths of
//	                         inputs and of the plugin, data.gateway and generate.flows_from, the
//	                         overrides of these, and what stages said that read the capture
//	report.html, report.md   written anew from what is kept: scores, losses, synthetic traffic
//	scores.json              kept: distances between distributions, each one number
//	metrics.jsonl            kept: losses
//	repairs.json             kept: how often frames were changed
//	figures/training_*.svg   kept: curves of the losses
//	generated.*              kept, unless generation followed the original or a table of flows,
//	                         or drew the labels of the training packets in their order
//	traffic.json             kept: application, totals, and when the capture began and ended,
//	                         which rates and times are drawn from
//	model/plan.json          kept: hosts with made-up addresses, their stacks and services
//	model/words.json         kept: of the names that messages say how many there are, how long,
//	                         and how often they occur; none of the names
//	model/features.json      kept: ranges and classes of the columns
//	model/vae/               kept: weights
//	model/clusters.json      kept: means and covariances
//	model/chain.json         kept: counts of labels that follow each other
//	model/aggregate/         kept: distributions of flows' sizes and times, mixtures over them, and of
//	                         flows whose sizes repeat each one's ranks
//	model/network.json       kept: lengths, flags and gaps that occur, and how often
//	model/lstm/              kept: weights
//	model/labels.json        emptied: the label of every training packet in its order
//	model/latents.bin        left out: a point for every training packet
//	latent.json              left out: a sample of these points
//	training.parquet         left out: packets of the capture
//	heldout.parquet          left out: packets of the capture
//	training_flows.parquet   left out: flows of the capture
//	heldout_flows.parquet    left out: flows of the capture
//	dynamics.parquet         left out: when each flow of the capture began, and its size
//	figures/                 left out but for the losses: they draw real packets
//	source.diff              left out: what its user had changed in the program
//	log.txt                  left out: it names files
//	model/examples.json      never shared: what packets of the capture say
//	model/tokens.json        never shared: gaps and starts as they were
//	model/bootstrap.json     never shared: it goes with the training flows
//	model/flows.parquet      never shared: the training flows
//
// A run that has one of the last four, or the addresses of the capture, cannot be shared:
// without them it cannot generate.
//
// A model is learnt, and remembers: the size of the largest flow can be seen in its
// distributions, and a rare sequence in its chains. A shared run is no proof of privacy. The
// experiment keeps its name, its settings keep data.from, data.to and generate.addresses, and
// the digest of the capture, by which whoever has the capture knows it again, stays, too.
package archive
