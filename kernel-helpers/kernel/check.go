package kernel

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What two runs of one version may differ by. Processors round differently, and training
// turns the last digit into the first ones of a score, and the score's grade into another.
const (
	relative  = 0.25 // of the larger one of two numbers
	absolute  = 0.1  // of numbers near 0, as scores are
	tolerated = 0.1  // of the words of an output, and of its numbers, may differ more than that
)

// machineTag is the tag of cells that show what the machine has, which another one need not
// have.
const machineTag = "machine"

// skipped is how an output begins that says why the cell could not do its work here.
const skipped = "Skipped:"

var (
	digest = regexp.MustCompile(`\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b`)
	number = regexp.MustCompile(`[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?`)
	spaces = regexp.MustCompile(`\s+`)
)

// differences lists where the stored outputs of a notebook are not what a run gave, by
// cell. Each cell must have the same kinds of output in the same order, each picture must
// be there, and texts must have the same words with numbers close to each other, but for a
// tenth; identifiers of runs and digests may differ. A cell with the tag "machine" need not
// have the same words, nor one whose run says that it was skipped.
func differences(stored, fresh file) []string {
	if len(stored.Cells) != len(fresh.Cells) {
		return []string{fmt.Sprintf("%d cells are stored, %d were run", len(stored.Cells), len(fresh.Cells))}
	}
	var all []string
	for i, now := range fresh.Cells {
		if what := cellDifference(stored.Cells[i], now); what != "" {
			all = append(all, fmt.Sprintf("cell %d: %s", i+1, what))
		}
	}
	return all
}

// cellDifference says how a cell's stored outputs are not those of its run; "" if they are.
func cellDifference(stored, now cell) string {
	if was := skip(now); was != "" && skip(stored) == "" {
		return ""
	}
	was, is := kinds(stored), kinds(now)
	if !slices.Equal(was, is) {
		return fmt.Sprintf("it shows %s, stored are %s", list(is), list(was))
	}
	for i, o := range now.Outputs {
		for media, picture := range o.Data {
			if strings.HasPrefix(media, "image/") && (picture == "" || stored.Outputs[i].Data[media] == "") {
				return fmt.Sprintf("its %s is empty", media)
			}
		}
		if slices.Contains(now.Metadata.Tags, machineTag) {
			continue
		}
		if what := textDifference(stored.Outputs[i].words(), o.words()); what != "" {
			return what
		}
	}
	return ""
}

// skip is the line with which a cell says that it was skipped; "" if it was not.
func skip(c cell) string {
	for _, o := range c.Outputs {
		for _, text := range []text{o.Text, o.Data["text/plain"], o.Data["text/markdown"]} {
			if line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n"); strings.HasPrefix(line, skipped) {
				return line
			}
		}
	}
	return ""
}

// kinds are the kinds of a cell's outputs.
func kinds(c cell) []string {
	var all []string
	for _, o := range c.Outputs {
		all = append(all, o.kind())
	}
	return all
}

// list is a list of kinds in words.
func list(kinds []string) string {
	if len(kinds) == 0 {
		return "nothing"
	}
	return strings.Join(kinds, ", ")
}

// textDifference says how two texts differ in more words, or in more numbers that are not
// close, than is tolerated; "" if they do not. Of a text of less than ten words none may
// differ.
func textDifference(stored, now string) string {
	stored, now = digest.ReplaceAllString(stored, "#"), digest.ReplaceAllString(now, "#")
	was, is := wordsOf(stored), wordsOf(now)
	counts := make(map[string]int)
	for _, word := range was {
		counts[word]--
	}
	for _, word := range is {
		counts[word]++
	}
	var less, more []string
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		less = append(less, slices.Repeat([]string{word}, max(0, -counts[word]))...)
		more = append(more, slices.Repeat([]string{word}, max(0, counts[word]))...)
	}
	if max(len(less), len(more)) > few(was) {
		return fmt.Sprintf("it says %q where %q is stored", strings.Join(more, " "), strings.Join(less, " "))
	}
	before, after := number.FindAllString(stored, -1), number.FindAllString(now, -1)
	if len(before) != len(after) {
		return "" // words that are tolerated, as of a row that was added
	}
	var far []string
	for i := range before {
		if !closeTo(value(before[i]), value(after[i])) {
			far = append(far, fmt.Sprintf("%s where %s is stored", after[i], before[i]))
		}
	}
	if len(far) > few(before) {
		return "it says " + strings.Join(far, ", ")
	}
	return ""
}

// few is how many of some words may differ.
func few(words []string) int { return int(tolerated * float64(len(words))) }

// wordsOf are the words of a text, each number in it as #.
func wordsOf(text string) []string {
	return strings.Fields(spaces.ReplaceAllString(number.ReplaceAllString(text, "#"), " "))
}

// value is the number that a text like "1,234.5" stands for.
func value(text string) float64 {
	v, err := strconv.ParseFloat(strings.NewReplacer(",", "", "−", "-").Replace(text), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// closeTo reports whether two numbers may stand for each other.
func closeTo(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= max(absolute, relative*max(math.Abs(a), math.Abs(b)))
}
