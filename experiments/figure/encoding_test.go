package figure

import "testing"

func TestShortened(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"a square", `<path d="M1.04,2L3.24,2L3.24,4.2L1.04,4.2Z" />`, `<path d="M1,2h2.2v2.2h-2.2z" />`},
		{"points that fall together", `<path d="M0,0L10,0.01L10,0L9.5,-0.55Z" />`, `<path d="M0,0h10l-.5,-.6z" />`},
		{"no drift", `<path d="M0,0L0.14,1L0.28,2L0.42,3" />`, `<path d="M0,0l.1,1l.2,1l.1,1" />`},
		{"a small number", `<path d="M1e-05,-0.04L12.96,1e+02" />`, `<path d="M0,0l13,100" />`},
		{"a curve stays", `<path d="M1.04,2A3,3 0 1 0 1.04,2.0001Z" />`, `<path d="M1.04,2A3,3 0 1 0 1.04,2.0001Z" />`},
	} {
		if got := shortened(test.in); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestWindows1252(t *testing.T) {
	if got, want := windows1252("10 µs ± 3², 1–2 → ●"), "10 \xb5s \xb1 3\xb2, 1\x962 ? ?"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
