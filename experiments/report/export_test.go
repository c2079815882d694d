package report

import "github.com/necstgen/necstgen/experiments/fidelity"

// Sampled is what the page says of samples.
func (a *Data) Sampled() string { return a.sampled() }

// GradeOf is the grade of a score in words.
func GradeOf(s fidelity.Score) string { return string(gradeOf(s)) }
