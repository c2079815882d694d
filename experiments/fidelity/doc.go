// Package fidelity scores how close synthetic traffic is to real traffic, and
// how much of it is copied. [Compare] takes real flows as a [Split] into those that
// models were fitted on and those kept from them, and the synthetic flows, and
// returns a list of [Score]; [Definitions] lists the scores with what each means;
// [Claim] prepares the flows of a synthetic capture.
//
// Models are fitted on training flows and scored against held-out flows. A
// score alone says little: two samples of the same traffic differ too. So each
// score stands beside its floor, the same score between two random halves of
// the real data (mean and standard deviation over several splits), and beside
// the same score for baselines. Both sides of a comparison have the same number
// of flows, because most scores depend on it.
//
// Levels of scores ask different questions. Distances of packets, flows and load compare
// distributions one by one; order looks at what follows what. Classifier two-sample tests
// (Lopez-Paz and Oquab, Revisiting classifier two-sample tests, ICLR 2017) look at many
// values at once, with the learners of package classifier and with a recurrent network
// that the caller brings (Config.Recurrent): this package links none. Coverage looks for
// kinds of flows that are missing or made up, which all these hardly see where they are
// few. The queue shows what a router would make of the load.
//
// Work and memory go with the packets, never with the time that they span: load
// over time is held as a [Series]. Where a score is of a part of the flows, windows
// or uplinks, its note says of how many.
//
// # What each score sees
//
// The scores of captures that are wrong in one way each, made from simulated traffic, 400
// flows a side. A star marks what is worse than the floor by more than five of its spreads
// and by more than 0.05 (AUCs 0.1, divergences 0.01). go test -run TestFaults -update writes
// the table, and the test holds it to the program.
//
//	score                                floor  as real    order     gaps   steady    flags     load   window  answers    modes  clients   copies    hosts
//	packet/length KS                      0.01    0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.16*    0.05     0.01     0.01     0.01
//	packet/log gap KS                     0.03    0.03     0.03     0.03     0.19*    0.03     0.03     0.03     0.03     0.01     0.03     0.04     0.03
//	packet/flags JSD bits                 0.00    0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00
//	order/trigrams JSD bits               0.00    0.00     0.69*    0.00     0.00     0.74*    0.00     0.00     0.00     0.00     0.00     0.00     0.00
//	order/log gap autocorrelation         0.05    0.03     0.03     0.52*    0.45*    0.03     0.03     0.03     0.03     0.03     0.03     0.12     0.03
//	order/handshake share                 1.00    1.00     0.00*    1.00     1.00     0.00*    1.00     1.00     1.00     1.00     1.00     1.00     1.00
//	order/close share                     0.97    0.96     0.77*    0.96     0.96     0.41*    0.96     0.96     0.96     1.00     0.96     0.95     0.96
//	flow/packets KS                       0.06    0.09     0.09     0.09     0.09     0.09     0.09     0.09     0.09     0.10     0.09     0.10     0.09
//	flow/bytes KS                         0.06    0.07     0.07     0.07     0.07     0.07     0.07     0.07     0.26*    0.09     0.07     0.12     0.07
//	flow/duration KS                      0.06    0.08     0.08     0.22*    0.08     0.08     0.08     0.08     0.08     0.07     0.08     0.08     0.08
//	flow/time between flows KS            0.05    0.03     0.03     0.03     0.03     0.03     0.28*    0.03     0.03     0.03     0.03     0.03     0.03
//	coverage/type recall                  0.99    0.97     0.00*    0.97     0.97     0.00*    0.97     0.97     0.97     0.88*    0.97     0.96     0.97
//	coverage/type precision               0.98    0.98     0.00*    0.98     0.98     0.00*    0.98     0.98     0.98     1.00     0.98     0.97     0.98
//	coverage/rare type recall             0.88    0.69     0.00*    0.69     0.69     0.00*    0.69     0.69     0.69     0.00*    0.69     0.54     0.69
//	coverage/profile recall               0.97    0.98     0.86*    0.64*    0.34*    0.98     0.98     0.98     0.29*    0.86*    0.98     0.93     0.98
//	coverage/profile precision            0.96    0.98     0.89*    0.85*    0.62*    0.98     0.98     0.98     0.91     0.96     0.98     0.98     0.98
//	load/bytes/s KS                       0.04    0.08     0.08     0.09     0.07     0.08     0.34*    0.08     0.18*    0.07     0.08     0.07     0.08
//	load/open flows KS                    0.03    0.06     0.06     0.03     0.06     0.06     0.48*    0.06     0.06     0.09     0.06     0.09     0.06
//	load/queue loss                       0.00    0.00     0.00     0.00     0.00     0.00     0.13*    0.00     0.00     0.00     0.00     0.00     0.00
//	load/queue delay                      0.14    0.20     0.20     0.20     0.20     0.20     0.51*    0.20     0.35*    0.23     0.20     0.11     0.20
//	classifier/C2ST flow                  0.52    0.50     0.50     0.87*    0.71*    0.50     0.50     0.50     0.96*    0.57     0.50     0.52     0.50
//	classifier/C2ST window                0.51    0.51     0.98*    0.74*    0.99*    0.99*    0.51     0.51     0.95*    0.62*    0.51     0.51     0.51
//	classifier/boosted flow               0.52    0.50     0.99*    0.92*    1.00*    0.50     0.50     0.50     0.99*    0.58     0.50     0.50     0.50
//	classifier/boosted window             0.50    0.53     0.97*    0.73*    0.99*    0.96*    0.53     0.53     0.94*    0.60     0.53     0.52     0.53
//	classifier/gaps                       0.51    0.50     1.00*    0.91*    1.00*    0.50     0.50     0.50     0.50     0.52     0.50     0.50     0.50
//	classifier/first packets              0.51    0.52     1.00*    0.75*    0.96*    0.99*    0.52     0.52     0.98*    0.53     0.52     0.52     0.52
//	classifier/header fields              0.50    0.50     1.00*    0.50     0.50     0.81*    0.50     1.00*    0.50     0.55     0.50     0.58     0.50
//	classifier/sessions                   0.51    0.50     0.50     0.50     0.50     0.50     0.79*    0.50     0.72*    0.55     0.83*    0.50     0.50
//	privacy/copied flows                  0.00    0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     1.00*    0.00
//	privacy/closest record                0.50    0.49     0.49     0.53     0.53     0.49     0.49     0.49     0.71     0.47     0.49     0.00*    0.49
//	privacy/members by distance AUC       0.50    0.51     0.51     0.53     0.51     0.51     0.51     0.51     0.50     0.53     0.51     0.81*    0.51
//	privacy/members by distance found     0.01    0.01     0.02     0.02     0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.61*    0.01
//	privacy/members by likelihood AUC     0.49    0.48     0.47     0.48     0.48     0.48     0.48     0.48     0.49     0.48     0.48     0.78*    0.48
//	privacy/members by likelihood found   0.02    0.02     0.00     0.02     0.02     0.02     0.02     0.02     0.00     0.01     0.02     0.61*    0.02
//	privacy/addresses recovered           0.07    0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00     1.00*
//	privacy/client ports recovered        0.01    0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.01     0.01
//
// The captures:
//
//   - as real: more of the same traffic: nothing is wrong
//   - order: the packets of a flow in random order, at the times that packets come
//   - gaps: gaps drawn at random from all gaps
//   - steady: all gaps of a flow alike
//   - flags: the flags of a flow's packets in random order
//   - load: twice as many flows a second
//   - window: one receive window for all
//   - answers: payloads cut at 600 bytes
//   - modes: no long flows and no resets
//   - clients: clients that never come back
//   - copies: flows copied from the training data, at other times
//   - hosts: the original's addresses kept
package fidelity
