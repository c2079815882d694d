package tool

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// PythonVariable is the environment variable that names a Python with nfstream; without
// it, it is python3.
const PythonVariable = "NECSTGEN_PYTHON"

// python is the Python that runs nfstream.
func python() string { return cmp.Or(os.Getenv(PythonVariable), "python3") }

//go:embed flows.py
var nfstreamScript []byte

// nfstream is a Python library that makes features of flows for machine learning; its
// labels are nDPI's.
var nfstream = &program{
	name: "nfstream", install: "install nfstream with pip, and name its Python in " + PythonVariable,
	version: []string{"", "-c", "import nfstream; print(nfstream.__version__)"},
	views: []View{
		{Name: "features KS", PerFlow: true, kind: features,
			Meaning: "Kolmogorov-Smirnov distance of the features that nfstream makes of flows (packets, bytes, durations, lengths, times between packets, flags, by direction): the mean over the features."},
		{Name: "applications TV", PerFlow: true, kind: shares, Meaning: "Total variation of the applications that nfstream gives flows."},
	},
	look: func(ctx context.Context, j *job) (answers, error) {
		script := filepath.Join(j.dir, "flows.py")
		if err := os.WriteFile(script, nfstreamScript, 0o666); err != nil {
			return nil, err
		}
		var values, applications []Row
		err := j.run(ctx, func(r io.Reader) (err error) {
			values, applications, err = parseNfstream(r)
			return err
		}, python(), script, j.capture.path)
		return answers{"features KS": values, "applications TV": applications}, err
	},
}

// parseNfstream reads what the script prints, a row for each flow.
func parseNfstream(r io.Reader) (values, applications []Row, err error) {
	err = lines(r, func(number int, line string) error {
		var f struct {
			Application string
			Features    Row
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil || f.Application == "" || len(f.Features) == 0 {
			return fmt.Errorf("line %d of nfstream is no flow with an application and features: %.80q", number, line)
		}
		values, applications = append(values, f.Features), append(applications, Row{f.Application: 1})
		return nil
	})
	return values, applications, err
}
