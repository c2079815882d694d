package csvrows_test

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/csvrows"
)

// A damaged row costs itself alone.
func ExampleOpen() {
	const file = "time,length\n1,60\n2\n3,1514\n"
	rows, err := csvrows.Open(strings.NewReader(file), "example", "packets.csv", "time", "length")
	if err != nil {
		fmt.Println(err)
		return
	}
	for err := rows.Next(); ; err = rows.Next() {
		switch err.(type) {
		case nil:
			fmt.Println(rows.Text("time"), rows.Text("length"))
		case *csvrows.RowError:
			fmt.Println(err)
		default: // io.EOF
			return
		}
	}
	// Output:
	// 1 60
	// example: packets.csv:3: wrong number of fields
	// 3 1514
}
