// Package reproduction sets what this program reaches on the paper's own data beside
// what the paper's authors have reached: for each published data set and level the
// numbers that their repository states, the output of their models scored here, and
// the outputs of this program's generators paper and sampled.
//
//	Sets     what there is to reproduce: experiments, published files, published numbers
//	Result   the scores of one set, side by side; Compare makes it
//	Markdown, WritePage  all results as a table to paste, and as a page
//
// Every number is scored by package fidelity against the same held-out packets: those
// of the run of the generator paper.
package reproduction
