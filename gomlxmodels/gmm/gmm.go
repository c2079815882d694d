// Package gmm fits mixtures of Gaussians by expectation-maximisation (EM) on a GoMLX
// backend: NeCSTGen's clusters of latent points (algorithm.md section 6).
//
// Fit gives a Model with a number of components that Config asks for, or the one of
// least BIC. FitByPosition gives a ByPosition: a Model for each place in a flow, as
// connected flows have it. Both label points, draw points and are saved as JSON.
//
// The logarithm of a component's density is a linear function of the monomials of
// the point, 1, x_i, x_i x_j. So the E-step of a block of rows is one product of
// coefficients and monomials, a softmax, and one product back that gives the
// sums from which the M-step is computed in closed form. The loops over iterations
// and over blocks run on the device; the host is called once per fit, or every tenth
// of a second in a long one, so that it can be stopped. Several fits of the same rows,
// from other starts or with other numbers of components, may share a program.
// Numbers are float64, and rows are centred first, since monomials cancel.
//
// The iteration is scikit-learn's (sklearn.mixture.GaussianMixture): same update,
// same regularisation, same stopping rule; from a given start both have the same
// likelihood after every step.
package gmm

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Covariance is the shape of the components' covariance matrices.
type Covariance string

// The covariance types.
const (
	Full     Covariance = "full"     // each component has its own matrix
	Diagonal Covariance = "diagonal" // each component has its own variances, no correlation
	Tied     Covariance = "tied"     // all components share one matrix
)

// UnmarshalText takes one of the three names.
func (c *Covariance) UnmarshalText(text []byte) error {
	for _, known := range []Covariance{Full, Diagonal, Tied} {
		if strings.EqualFold(string(known), string(text)) {
			*c = known
			return nil
		}
	}
	return fmt.Errorf("unknown covariance %q: want %s, %s or %s", text, Full, Diagonal, Tied)
}

// maxColumns bounds the columns of rows with full or tied covariance: the
// decomposition of the matrices is written out in the program.
const maxColumns = 24

// Config is what to fit. DefaultConfig gives the values in brackets.
type Config struct {
	Components    int        `toml:"components"`     // number of Gaussians; 0: choose between the next two by BIC [0]
	MinComponents int        `toml:"min_components"` // smallest number tried, >= 1 [1]
	MaxComponents int        `toml:"max_components"` // largest number tried [25]
	Patience      int        `toml:"patience"`       // stop trying after this many numbers without a better BIC, 0: try all [0]
	Covariance    Covariance `toml:"covariance"`     // full, diagonal or tied [full]
	MaxIterations int        `toml:"max_iterations"` // EM steps of one start, >= 1 [700]
	Tolerance     float64    `toml:"tolerance"`      // stop below this change of the mean log-likelihood per row, >= 0 [1e-3]
	RegCovar      float64    `toml:"reg_covar"`      // added to variances, in the rows' units squared, >= 0 [1e-6]
	Starts        int        `toml:"starts"`         // k-means++ starts, of which the likeliest end is kept, >= 1 [1]

	// Start, if set, is where EM begins, in place of k-means++: Starts is then
	// of no use and Components must be 0 or as many as Start has.
	Start *Start `toml:"-"`
}

// Start is a mixture to begin with. Weights may be nil for equal ones, and
// Covariances nil for the rows' own covariance in every component.
type Start struct {
	Weights     []float64       // [components], summing to 1
	Means       [][]float64     // [components][columns]
	Covariances []*mat.SymDense // [components] of [columns, columns]
}

// DefaultConfig is scikit-learn's, with the number of components by BIC between 1
// and 25.
func DefaultConfig() Config {
	return Config{
		MinComponents: 1, MaxComponents: 25, Covariance: Full,
		MaxIterations: 700, Tolerance: 1e-3, RegCovar: 1e-6, Starts: 1,
	}
}

// Validate reports every key that is out of its range, with the range.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, key string, value any, allowed string) {
		if !ok {
			errs = append(errs, fmt.Errorf("gmm: %s = %v: must be %s", key, value, allowed))
		}
	}
	check(c.Components >= 0, "components", c.Components, ">= 0 (0: choose by BIC)")
	if c.Components == 0 && c.Start == nil {
		check(c.MinComponents >= 1, "min_components", c.MinComponents, ">= 1")
		check(c.MaxComponents >= c.MinComponents, "max_components", c.MaxComponents, fmt.Sprintf(">= min_components (%d)", c.MinComponents))
	}
	check(c.Patience >= 0, "patience", c.Patience, ">= 0 (0: try all)")
	check(c.Covariance == Full || c.Covariance == Diagonal || c.Covariance == Tied, "covariance", c.Covariance, "full, diagonal or tied")
	check(c.MaxIterations >= 1, "max_iterations", c.MaxIterations, ">= 1")
	check(c.Tolerance >= 0 && !math.IsInf(c.Tolerance, 0), "tolerance", c.Tolerance, ">= 0")
	check(c.RegCovar >= 0 && !math.IsInf(c.RegCovar, 0), "reg_covar", c.RegCovar, ">= 0")
	check(c.Starts >= 1, "starts", c.Starts, ">= 1")
	return errors.Join(errs...)
}
