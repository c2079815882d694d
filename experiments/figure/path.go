package figure

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// straight are the paths of a picture that have lines only.
var straight = regexp.MustCompile(` d="(?:[MLZ][-+0-9.e,]*)+"`)

// shortened writes the straight paths of a picture in fewer letters: to a tenth of a
// point, with one coordinate for lines along an axis, without points that fall together.
// Curves of distributions and clouds, of which pages mostly are, take half of the space.
func shortened(picture string) string {
	return straight.ReplaceAllStringFunc(picture, func(path string) string {
		b := strings.Builder{}
		b.WriteString(` d="`)
		var x, y string // where the path has come to
		for rest := path[len(` d="`) : len(path)-1]; rest != ""; {
			end := strings.IndexAny(rest[1:], "MLZ") + 1
			if end == 0 {
				end = len(rest)
			}
			command, at := rest[:1], rest[1:end]
			rest = rest[end:]
			toX, toY, _ := strings.Cut(at, ",")
			toX, toY = tenths(toX), tenths(toY)
			switch {
			case command == "Z":
				b.WriteString("Z")
				continue
			case command == "M" || toX != x && toY != y:
				b.WriteString(command + toX + "," + toY)
			case toX != x:
				b.WriteString("H" + toX)
			case toY != y:
				b.WriteString("V" + toY)
			}
			x, y = toX, toY
		}
		b.WriteString(`"`)
		return b.String()
	})
}

// tenths writes a number with one digit behind the point, without one that is 0. What is
// no number stays as it is.
func tenths(number string) string {
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}
