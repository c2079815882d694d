package generator

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
)

// PacketLevel is the lowest level (algorithm.md 9.0): packets drawn from labels,
// each by itself, without the network and without flows. The generators sampled
// and paper have it.
type PacketLevel interface {
	LabelCount() int                                   // labels are 0 to LabelCount()-1
	ObservedLabels() []int                             // of the training packets in time order, the first million at most; not to be changed
	ChainLabels(n int, src rand.Source) ([]int, error) // n labels drawn from the chain
	Packets(labels []int, start int64, src rand.Source) (*Packets, error)
}

// Packets are packets drawn from labels, row by row the same in all fields.
type Packets struct {
	Labels  []int
	Points  *mat.Dense // [packets, latent]: drawn from each label's Gaussian
	Columns []string   // names of the features, in the order of algorithm.md section 5
	Rows    *mat.Dense // [packets, columns]: the decoded features in their own units; categories as numbers (see feature.Domain)
	Packets []flow.Packet
}

// Table returns the packets as a table of numbers: the label of each, then its features.
// A row is valid until the next one.
func (p *Packets) Table() (columns []string, rows iter.Seq2[[]float64, error]) {
	columns = append([]string{"label"}, p.Columns...)
	return columns, func(yield func([]float64, error) bool) {
		row := make([]float64, len(columns))
		for i, label := range p.Labels {
			row[0] = float64(label)
			copy(row[1:], p.Rows.RawRowView(i))
			if !yield(row, nil) {
				return
			}
		}
	}
}

// ReadLabels reads a list of labels: whole numbers below count, separated by spaces,
// commas or line ends; what follows a # is a remark. The name is for messages.
func ReadLabels(r io.Reader, name string, count int) ([]int, error) {
	var labels []int
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for number := 1; lines.Scan(); number++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		for _, word := range strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\r' }) {
			label, err := strconv.Atoi(word)
			if err != nil || label < 0 || label >= count {
				return nil, fmt.Errorf("generator: %s:%d: label %q: want a whole number from 0 to %d", name, number, word, count-1)
			}
			labels = append(labels, label)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("generator: %s: %w", name, err)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("generator: %s: no labels: want at least one", name)
	}
	return labels, nil
}
