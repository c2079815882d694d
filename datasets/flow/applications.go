package flow

import (
	"errors"
	"slices"
	"strings"
)

// Applications are what traffic is divided into: names of applications and of services. A
// flow is of the first of these that is among them: the application that it is recognised
// as, its transport with its server's port, its transport with any port, and Other where it
// has network addresses and no ports.
type Applications []Application

// all is the text of Applications that are not known before the traffic is.
const all = "all"

// String is the text form: "HTTP", "HTTP,DNS,udp/*"; "all" for none.
func (l Applications) String() string {
	if len(l) == 0 {
		return all
	}
	names := make([]string, len(l))
	for i, a := range l {
		names[i] = a.String()
	}
	return strings.Join(names, ",")
}

// MarshalText is String.
func (l Applications) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText takes "all", or names that are separated by commas, in brackets or not.
func (l *Applications) UnmarshalText(text []byte) error {
	*l = nil
	given := strings.TrimSuffix(strings.TrimPrefix(string(text), "["), "]")
	if strings.EqualFold(given, all) {
		return nil
	}
	for name := range strings.SplitSeq(given, ",") {
		var a Application
		switch err := a.UnmarshalText([]byte(strings.TrimSpace(name))); {
		case err != nil:
			return err
		case a == Unknown:
			return errors.New("application nan: want the name of an application, like HTTP, or of a service, like tcp/502")
		case slices.Contains(*l, a):
			return errors.New("application " + a.String() + " twice: want each once")
		}
		*l = append(*l, a)
	}
	return nil
}

// Uplinks reports whether LoRaWAN uplinks are asked for.
func (l Applications) Uplinks() bool { return slices.Contains(l, LoRaWAN) }

// Of returns which of the applications a flow of these ends is of, that is recognised as
// app; false: none.
func (l Applications) Of(app Application, t FiveTuple) (Application, bool) {
	if app != Unknown && slices.Contains(l, app) {
		return app, true
	}
	if t.Proto != TCP && t.Proto != UDP {
		return Other, slices.Contains(l, Other) && (t.Proto != 0 || app == ARPApplication)
	}
	if service := ServiceAt(t.Proto, t.Dst.Port()); t.Dst.Port() != 0 && slices.Contains(l, service) {
		return service, true
	}
	return AnyPort(t.Proto), slices.Contains(l, AnyPort(t.Proto))
}

// OnlyOf returns the flows that are of an application, in their order.
func OnlyOf(app Application, flows []*Flow) []*Flow {
	var own []*Flow
	for _, f := range flows {
		if f.Application == app {
			own = append(own, f)
		}
	}
	return own
}

// Label names a flow and its packets by the one of the applications that it is of; false:
// it is of none, and stays as it is.
func (l Applications) Label(f *Flow) bool {
	app, ok := l.Of(f.Application, f.Tuple)
	if !ok {
		return false
	}
	f.Application = app
	for i := range f.Packets {
		if p := &f.Packets[i]; app.IsService() || p.Application == Unknown {
			p.Application = app
		}
	}
	return true
}
