package atomicfile

import "errors"

// Set is several files that belong together: they get their names once all of them
// are whole. The zero value is an empty set.
type Set struct{ files []*File }

// Create starts to write a file of the set, as the function Create does. Only the
// set's Close gives it its name.
func (s *Set) Create(path string) (*File, error) {
	f, err := Create(path)
	if err == nil {
		s.files = append(s.files, f)
	}
	return f, err
}

// Close gives all files their names. If a write to one of them has failed, all are
// removed.
func (s *Set) Close() error {
	for _, f := range s.files {
		if err := f.finish(); err != nil {
			return errors.Join(err, s.Discard())
		}
	}
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.rename())
	}
	s.files = nil
	return errors.Join(errs...)
}

// Discard removes the files. After Close or Discard it does nothing, so that it may
// be deferred.
func (s *Set) Discard() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Discard())
	}
	s.files = nil
	return errors.Join(errs...)
}
