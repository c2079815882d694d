package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// literal returns a value as TOML writes it.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case float64:
		return strings.ToLower(strings.TrimPrefix(fmt.Sprint(v), "+"))
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []int:
		return literals(v)
	case []string:
		return literals(v)
	case []any:
		return literals(v)
	case map[string]any: // inside a list
		return "{...}"
	}
	return fmt.Sprint(v)
}

// literals returns a list as TOML writes it.
func literals[T any](list []T) string {
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = literal(element)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// quote returns text as TOML's basic strings have it. JSON's strings are these, but for
// one control character, which TOML alone wants escaped.
func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // no string fails
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}
