package figure

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// straight are the paths of a picture that have lines only.
var straight = regexp.MustCompile(` d="(?:[ML][-+0-9.e]+,[-+0-9.e]+|Z)+"`)

// commands are those of such a path.
var commands = regexp.MustCompile(`[ML]([-+0-9.e]+),([-+0-9.e]+)|Z`)

// shortened writes the straight paths of a picture in fewer letters: to a tenth of a
// point, each line by how far it goes, without those that go nowhere. Distribution
// functions and clouds, of which pages mostly are, take a third of the space.
func shortened(picture string) string {
	return straight.ReplaceAllStringFunc(picture, func(path string) string {
		b := strings.Builder{}
		b.WriteString(` d="`)
		var x, y int // where the path has come to, in tenths
		for _, command := range commands.FindAllStringSubmatch(path, -1) {
			if command[0] == "Z" {
				b.WriteString("z")
				continue
			}
			toX, toY := tenths(command[1]), tenths(command[2])
			switch dx, dy := toX-x, toY-y; {
			case command[0][0] == 'M':
				b.WriteString("M" + decimal(toX) + "," + decimal(toY))
			case dx != 0 && dy != 0:
				b.WriteString("l" + decimal(dx) + "," + decimal(dy))
			case dx != 0:
				b.WriteString("h" + decimal(dx))
			case dy != 0:
				b.WriteString("v" + decimal(dy))
			}
			x, y = toX, toY
		}
		b.WriteString(`"`)
		return b.String()
	})
}

// tenths reads a number in tenths. The pattern of paths lets nothing else through.
func tenths(number string) int {
	v, _ := strconv.ParseFloat(number, 64)
	return int(math.Round(v * 10))
}

// decimal writes so many tenths.
func decimal(tenths int) string {
	text := strings.TrimPrefix(strconv.FormatFloat(math.Abs(float64(tenths))/10, 'f', -1, 64), "0.")
	if whole := tenths/10 != 0 || tenths == 0; !whole {
		text = "." + text
	}
	if tenths < 0 {
		return "-" + text
	}
	return text
}
