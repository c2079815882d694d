package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one settable key of an Experiment.
type field struct {
	key   string        // dotted, as in experiments.toml
	value reflect.Value // addressable
	limit string        // its range tag, "" without one
}

// fields lists every key of e in the order of the struct.
func fields(e *Experiment) []field {
	return appendFields(nil, "", reflect.ValueOf(e).Elem())
}

// appendFields walks into structs; one that can be set from text (time.Time) is a leaf.
func appendFields(dst []field, prefix string, v reflect.Value) []field {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		key := prefix + tag.Get("toml")
		f := v.Field(i)
		if _, leaf := f.Addr().Interface().(encoding.TextUnmarshaler); f.Kind() == reflect.Struct && !leaf {
			dst = appendFields(dst, key+".", f)
			continue
		}
		dst = append(dst, field{key: key, value: f, limit: tag.Get("range")})
	}
	return dst
}

// Keys lists every key of an experiment, dotted, in the order of Experiment's fields.
func Keys() []string {
	var e Experiment
	var keys []string
	for _, f := range fields(&e) {
		keys = append(keys, f.key)
	}
	return keys
}

// set gives the field a decoded TOML value, and says what it wants instead when
// the value is of another type or out of range.
func (f field) set(value any) error {
	if list, ok := value.([]any); ok {
		return f.setList(list)
	}
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case int64:
		text = strconv.FormatInt(v, 10)
	case float64:
		text = strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		text = strconv.FormatBool(v)
	case time.Time:
		text = v.Format(time.RFC3339Nano)
	default:
		return f.wanted()
	}
	_, isText := value.(string)
	if f.unmarshaler() == nil {
		// What an override may be, as in lstm.units="64", is a mistake in a file.
		_, isBool := value.(bool)
		switch f.value.Kind() {
		case reflect.String:
		case reflect.Bool:
			if !isBool {
				return f.wanted()
			}
		case reflect.Slice:
			return f.wanted()
		default:
			if isText {
				return f.wanted()
			}
		}
	}
	switch f.value.Interface().(type) {
	case string, Paths:
		if !isText {
			return f.wanted()
		}
	}
	return f.setText(text)
}

// setText gives the field a value written as on a command line.
func (f field) setText(text string) error {
	if _, ok := f.value.Interface().(time.Time); ok && text == "" {
		f.value.SetZero()
		return nil
	}
	if u := f.unmarshaler(); u != nil {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return plain(err)
		}
		return f.check()
	}
	switch f.value.Kind() {
	case reflect.String:
		f.value.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return f.wanted()
		}
		f.value.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return f.wanted()
		}
		f.value.SetInt(n)
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			return f.wanted()
		}
		f.value.SetUint(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) {
			return f.wanted()
		}
		f.value.SetFloat(x)
	case reflect.Slice:
		return f.setList(words(text))
	}
	return f.check()
}

// words splits "8,6,4" or "[8, 6, 4]".
func words(text string) []any {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	var list []any
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}

// setList gives a list field its elements.
func (f field) setList(list []any) error {
	if f.value.Kind() != reflect.Slice {
		return f.wanted()
	}
	if len(list) == 0 {
		f.value.SetZero()
		return nil
	}
	fresh := reflect.MakeSlice(f.value.Type(), len(list), len(list))
	for i, element := range list {
		e := field{key: f.key, value: fresh.Index(i), limit: f.limit}
		if _, isText := element.(string); !isText && e.value.Kind() == reflect.String {
			return f.wanted()
		}
		if err := e.setText(fmt.Sprint(element)); err != nil {
			return f.wanted()
		}
	}
	f.value.Set(fresh)
	return nil
}

// unmarshaler is the field as a type that reads itself from text, or nil.
func (f field) unmarshaler() encoding.TextUnmarshaler {
	u, _ := f.value.Addr().Interface().(encoding.TextUnmarshaler)
	return u
}

// check holds the field's value against its range tag, and a word against the allowed ones.
func (f field) check() error {
	if u := f.unmarshaler(); u != nil && f.value.Kind() == reflect.String {
		return plain(u.UnmarshalText([]byte(f.value.String())))
	}
	if f.limit == "" {
		return nil
	}
	if f.value.Kind() == reflect.Slice {
		for i := range f.value.Len() {
			if e := (field{value: f.value.Index(i), limit: f.limit}); e.check() != nil {
				return f.wanted()
			}
		}
		return nil
	}
	if !parseInterval(f.limit).contains(number(f.value)) {
		return f.wanted()
	}
	return nil
}

// text is the field's value as it would be written in an override.
func (f field) text() string {
	if paths, ok := f.value.Interface().(Paths); ok {
		return paths.String()
	}
	if f.value.Kind() == reflect.Slice {
		return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(f.value.Interface()), "[]")), ",")
	}
	if t, ok := f.value.Interface().(time.Time); ok {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(f.value.Interface())
}

// wanted is the error that says what the field takes.
func (f field) wanted() error {
	kind := "text"
	switch f.value.Interface().(type) {
	case bool:
		kind = "true or false"
	case int, int64, uint64:
		kind = "a whole number"
	case float64:
		kind = "a number"
	case []int:
		kind = "a list of whole numbers"
	case []string:
		kind = "a list of texts"
	case []netip.Prefix, netip.Prefix:
		kind = "a list of prefixes like 10.20.0.0/16 or fd00:1234::/48"
	case Paths:
		kind = "a path, or a list of paths"
	case Duration:
		kind = "a duration"
	case time.Time:
		kind = "a time like 2026-01-31T12:00:00Z"
	}
	if f.limit != "" {
		kind += " " + parseInterval(f.limit).String()
	}
	return errors.New("want " + kind)
}

// plain rewrites the errors of other packages' text types into what is wanted.
func plain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return errors.New("want a time like 2026-01-31T12:00:00Z")
	}
	if _, want, ok := strings.Cut(err.Error(), ": want "); ok {
		return errors.New("want " + want)
	}
	return err
}
