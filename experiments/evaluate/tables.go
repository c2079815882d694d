package evaluate

import (
	"context"
	"errors"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// tables compares flows of which at least one side is a table.
func (c *comparison) tables(ctx context.Context) ([]fidelity.Score, error) {
	if c.Training != "" {
		return nil, errors.New("evaluate: scores of tables of flows do not look at training data: want them without --training")
	}
	cfg := c.Config
	var sides [2][]flow.TableRow
	for i, f := range []struct {
		name   string
		output *necstgencsv.OutputFile
	}{{c.Real, c.real}, {c.Synthetic, c.synthetic}} {
		rows, err := c.rows(ctx, f.name, f.output)
		if err != nil {
			return nil, err
		}
		if f.output != nil && f.output.HasLabels() {
			cfg.Lacks |= fidelity.NoStarts
		}
		sides[i] = rows
	}
	application := "all"
	if len(c.Applications) > 0 {
		application = c.Applications.String()
	}
	return fidelity.CompareTables(cfg, application, sides[0], sides[1], c.src)
}

// rows reads a side as a table of flows: the table itself, or a row for each flow of a
// file of packets.
func (c *comparison) rows(ctx context.Context, name string, output *necstgencsv.OutputFile) ([]flow.TableRow, error) {
	if isTable(output) {
		rows, damaged, err := output.Table()
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		c.warnDamaged(damaged)
		return c.ofTable(name, rows)
	}
	if output != nil && !output.HasLabels() {
		return nil, fmt.Errorf("evaluate: %s has packets without flows, and the other file is a table of flows: want packets too", name)
	}
	flows, err := c.read(ctx, name, output, form{labels: true}, true)
	if err != nil {
		return nil, err
	}
	rows := make([]flow.TableRow, len(flows))
	for i, f := range flows {
		rows[i] = flow.TableRow{ID: f.ID, Application: f.Application, Packets: int64(len(f.Packets)), Length: f.Bytes(), Start: f.Start()}
	}
	return rows, nil
}

// ofTable returns the rows of the application that is compared. A table that names no
// application is of it as a whole.
func (c *comparison) ofTable(name string, rows []flow.TableRow) ([]flow.TableRow, error) {
	var kept []flow.TableRow
	for _, r := range rows {
		_, of := c.Applications.Of(r.Application, r.Tuple)
		if of || len(c.Applications) == 0 || r.Application == flow.Unknown {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("evaluate: %s: no flow%s to compare", name, ofApplication(c.Applications))
	}
	return kept, nil
}
