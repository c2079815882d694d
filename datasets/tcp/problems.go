package tcp

import (
	"errors"
	"fmt"
)

// Problems gathers the errors of a stream: the first few, and the number of the
// others. The zero value is ready.
type Problems struct {
	kept []error
	more int
}

// maxProblems is how many errors are kept.
const maxProblems = 10

// Add takes an error.
func (p *Problems) Add(err error) {
	if len(p.kept) < maxProblems {
		p.kept = append(p.kept, err)
	} else {
		p.more++
	}
}

// Join returns all of them as one error, nil without any.
func (p *Problems) Join() error {
	if p.more > 0 {
		return errors.Join(append(p.kept, fmt.Errorf("and %d more errors", p.more))...)
	}
	return errors.Join(p.kept...)
}
