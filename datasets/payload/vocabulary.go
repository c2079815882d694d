package payload

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Kind is a kind of name that messages say again and again.
type Kind string

// The kinds of names.
const (
	Path     Kind = "path"     // HTTP: what is asked for, from the first slash on
	Host     Kind = "host"     // HTTP and TLS: the server, as the client calls it
	Agent    Kind = "agent"    // HTTP: the client's program, User-Agent
	Software Kind = "software" // HTTP: the server's program, Server
	Domain   Kind = "domain"   // DNS: what is asked for; SMTP: hosts, and what is behind the @
	Mailbox  Kind = "mailbox"  // SMTP: what is before the @
)

// appendName appends an invented name of n bytes, made from random bits and, where several
// names have the same end, the vocabulary's domains.
type appendName func(v *vocabulary, dst []byte, n int, x uint64) []byte

// makers has what makes the names of each kind.
var makers = map[Kind]appendName{
	Path: (*vocabulary).path, Host: (*vocabulary).domain, Agent: (*vocabulary).product, Software: (*vocabulary).product,
	Domain: (*vocabulary).domain, Mailbox: func(_ *vocabulary, dst []byte, n int, x uint64) []byte { return appendWords(dst, n, '.', x) },
}

// Bounds of names.
const (
	longestName = 200 // bytes of a name that is taken from a lexicon
	unheardOf   = 2   // names of a length that no statistics have
)

// vocabulary is the names that the messages of a capture say. All of them are invented;
// of the original they have how many there are, how long they are and how often they recur.
type vocabulary struct {
	seed     uint64
	domains  []string // registered domains, in which hosts are
	lexicons map[lexiconKey]*lexicon
	codes    map[codeKey]*codes
	web      webWords
	hosts    [2][]netip.Addr // servers, which answers of DNS name: of IPv4, of IPv6
}

type lexiconKey struct {
	application flow.Application
	kind        Kind
}

// newVocabulary invents the names of a capture.
func newVocabulary(seed uint64, statistics []Statistics, hosts []netip.Addr) *vocabulary {
	v := &vocabulary{seed: seed, lexicons: make(map[lexiconKey]*lexicon), codes: make(map[codeKey]*codes)}
	for _, a := range hosts {
		v.hosts[family(a.Is6())] = append(v.hosts[family(a.Is6())], a)
	}
	for i := range 12 {
		x := mix(seed + uint64(i))
		top := ".test"
		if i%4 == 3 {
			top = ".example"
		}
		v.domains = append(v.domains, string(appendWord(nil, 3+i%6, x))+top)
	}
	for _, s := range slices.Concat(defaults, statistics) {
		for _, n := range s.Names {
			v.learn(s.Application, n)
		}
		for _, c := range s.Codes {
			key := codeKey{s.Application, c.Kind}
			v.codes[key] = newCodes(c.Counts)
		}
	}
	v.web = v.webWords()
	return v
}

// learn makes the lexicon of one kind of name. What is learnt takes the place of a default,
// and adds to what was learnt before of the same application.
func (v *vocabulary) learn(application flow.Application, n Names) {
	key := lexiconKey{application, n.Kind}
	l := v.lexicons[key]
	if l == nil || !l.learnt {
		l = &lexicon{vocabulary: v, make: makers[n.Kind], seed: mix(v.seed ^ uint64(application)<<32 ^ uint64(len(n.Kind)+int(n.Kind[0])<<8))}
		v.lexicons[key] = l
	}
	l.learnt = !n.assumed
	l.each = max(l.each, n.Each)
	for _, g := range n.Groups {
		l.add(g)
	}
}

// lexicon returns the names of a kind that an application says.
func (v *vocabulary) lexicon(application flow.Application, kind Kind) *lexicon {
	return v.lexicons[lexiconKey{application, kind}]
}

// lexicon is the names of one kind, by their lengths.
type lexicon struct {
	vocabulary *vocabulary
	make       appendName
	seed       uint64
	learnt     bool
	each       int      // how many a holder has; 0: all
	upTo       []uint64 // how often names of up to each length occur
	lengths    [longestName + 1]sameLength
}

// sameLength is the names of one length.
type sameLength struct {
	upTo   []uint64 // how often the names of the first groups occur
	groups []Group
	names  [][]byte // in the order of the groups, made when one of them is first said
}

// add adds a group of names.
func (l *lexicon) add(g Group) {
	if g.Length < 1 || g.Length > longestName {
		return
	}
	s := &l.lengths[g.Length]
	before := uint64(0)
	if len(s.upTo) > 0 {
		before = s.upTo[len(s.upTo)-1]
	}
	s.groups = append(s.groups, g)
	s.upTo = append(s.upTo, before+uint64(g.Names)*uint64(g.Times))
	l.upTo = nil
}

// weight returns how often names of n bytes occur.
func (l *lexicon) weight(n int) uint64 {
	if n < 1 || n > longestName || len(l.lengths[n].upTo) == 0 {
		return 0
	}
	s := &l.lengths[n]
	return s.upTo[len(s.upTo)-1]
}

// exactly returns a name of n bytes, up to longestName, by random bits: frequent ones are
// frequent.
func (l *lexicon) exactly(n int, x uint64) []byte {
	s := &l.lengths[n]
	if s.names == nil {
		l.invent(n)
	}
	if len(s.groups) == 0 {
		return s.names[x%unheardOf]
	}
	x %= s.upTo[len(s.upTo)-1]
	g, first := 0, 0
	for ; s.upTo[g] <= x; g++ {
		first += s.groups[g].Names
	}
	if g > 0 {
		x -= s.upTo[g-1]
	}
	return s.names[first+int(x/uint64(s.groups[g].Times))]
}

// invent makes the names of n bytes. Few of them are all different, as far as there are
// words.
func (l *lexicon) invent(n int) {
	s := &l.lengths[n]
	count := 0
	for _, g := range s.groups {
		count += g.Names
	}
	if count == 0 {
		count = unheardOf
	}
	s.names = make([][]byte, count)
	for i := range s.names {
		x := mix(l.seed ^ uint64(n)<<32 ^ uint64(i))
		for range 8 {
			s.names[i] = l.make(l.vocabulary, s.names[i][:0], n, x)
			if i > 256 || !slices.ContainsFunc(s.names[:i], func(other []byte) bool { return bytes.Equal(other, s.names[i]) }) {
				break
			}
			x = mix(x)
		}
	}
}

// most returns a name of up to n bytes, or one of n bytes where all are longer.
func (l *lexicon) most(n int, x uint64) []byte {
	n = min(n, longestName)
	if l.upTo == nil {
		l.upTo = make([]uint64, longestName+1)
		for i := 1; i <= longestName; i++ {
			l.upTo[i] = l.upTo[i-1] + l.weight(i)
		}
	}
	if l.upTo[n] == 0 {
		return l.exactly(n, x)
	}
	at := x % l.upTo[n]
	length, _ := slices.BinarySearch(l.upTo[:n], at+1)
	return l.exactly(length, mix(x))
}

// of returns a name that a host has, given its vocabulary.holder: the one that it always
// has, or one of those that it changes between.
func (l *lexicon) of(holder, x uint64) []byte {
	if l.each > 0 {
		x = l.seed ^ holder + x%uint64(l.each)
	}
	return l.most(longestName, mix(x))
}

// path appends the path of n bytes to something whose name ends as that of its media type
// does.
func (v *vocabulary) path(dst []byte, n int, x uint64) []byte {
	dst = append(dst, '/')
	n--
	end := mediaTypes[v.media(x)].suffix
	if n < len(end)+3 {
		return appendWords(dst, n, '/', x)
	}
	return append(appendWords(dst, n-len(end), '/', mix(x)), end...)
}

// domain appends a name of n bytes in one of the registered domains, else one of its own
// under .test, which RFC 2606 reserves; shorter ones are a word.
func (v *vocabulary) domain(dst []byte, n int, x uint64) []byte {
	x = mix(x)
	for i := range v.domains {
		domain := v.domains[(x+uint64(i))%uint64(len(v.domains))]
		if rest := n - len(domain); rest == 0 || rest > 1 {
			if rest > 1 {
				dst = append(appendLabels(dst, rest-1, mix(x)), '.')
			}
			return append(dst, domain...)
		}
	}
	const top = ".test"
	if n <= len(top) {
		return appendWord(dst, n, x)
	}
	return append(appendWord(dst, n-len(top), x), top...)
}

// longestLabel is the length of the longest label of a domain name that is made.
const longestLabel = 24

// appendLabels appends labels of n bytes in all, with dots between them and hyphens between
// their words.
func appendLabels(dst []byte, n int, x uint64) []byte {
	for n > longestLabel+1 {
		size := longestLabel - 8 + int(x%8)
		dst = append(appendWords(dst, size, '-', x), '.')
		n -= size + 1
		x = mix(x)
	}
	return appendWords(dst, n, '-', x)
}

// product appends what a program says of itself in n bytes: its name and version, what it
// runs on, and other programs that it is made of (RFC 9110, 10.1.5).
func (v *vocabulary) product(dst []byte, n int, x uint64) []byte {
	const version, least = len("/1.2"), len("Abc/1.2")
	for n > 0 {
		x = mix(x)
		name := 4 + int(x%6)
		if rest := n - name - version - 1; rest < least {
			name = n - version
		}
		if name < 1 {
			return appendWord(dst, n, x)
		}
		at := len(dst)
		dst = appendWord(dst, name, x)
		dst[at] &^= 0x20
		dst = append(dst, '/', '1'+byte(x>>8%9), '.', '0'+byte(x>>16%10))
		if n -= name + version; n == 0 {
			break
		}
		dst = append(dst, ' ')
		n--
		if size := 8 + int(x>>24%24); n >= size+2+1+least {
			dst = append(append(appendWords(append(dst, '('), size, ' ', mix(x)), ')'), ' ')
			n -= size + 3
		}
	}
	return dst
}

// host returns the address of a host of a family by random bits: a server of the plan, if
// there is one of the family, else a documented address (RFC 5737, RFC 3849).
func (v *vocabulary) host(x uint64, six bool) netip.Addr {
	if hosts := v.hosts[family(six)]; len(hosts) > 0 {
		return hosts[x%uint64(len(hosts))]
	}
	if six {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(1 + x%254)})
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + x%254)})
}

// family is the place of addresses of IPv6, or of IPv4, in a vocabulary.
func family(six bool) int {
	if six {
		return 1
	}
	return 0
}

// holder is a number of a host.
func (v *vocabulary) holder(host netip.Addr) uint64 {
	h := v.seed
	for _, b := range host.As16() {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return mix(h)
}
