package config_test

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
)

func Example() {
	file, err := config.Read(strings.NewReader(`
[defaults]
seed = 7

[experiment.web]
data.application = "HTTP"
lstm.units = 64

[experiment.mail]
extends = "web"
data.application = "SMTP"
`), "experiments.toml")
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := file.Experiment("mail")
	if err != nil {
		fmt.Println(err)
		return
	}
	if e, err = e.Override("vae.hidden=16,8", "data.idle_timeout=90s"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(file.Experiments, e.Seed, e.Data.Application, e.LSTM.Units, e.VAE.Hidden, e.Data.IdleTimeout)

	_, err = e.Override("lstm.unit=32")
	fmt.Println(err)
	_, err = file.Experiment("wep")
	fmt.Println(err)
	// Output:
	// [web mail] 7 SMTP 64 [16 8] 1m30s
	// override "lstm.unit=32": unknown key "lstm.unit"; did you mean "lstm.units"?
	// experiments.toml: unknown experiment "wep"; did you mean "web"?
	// want one of web, mail
}
