package payload

import "strings"

// wordList has the words that names and texts are put together from, by their length:
// common English words that say nothing of anybody, at least two of every length up to
// the longest.
var wordList = func() [][]string {
	byLength := make([][]string, longestWord+1)
	for word := range strings.FieldsSeq(`
		a b c d e f g h i k m n o p r s t u v w x
		an as at by do go he if in is it me my no of on or so to up us we
		all arc ash bay bee box cap cup day dew elm fan fig fir fox gem hay hut ice ink ivy jar jet key kit lap log map mat
		net nut oak oar owl pan pea pen pin pod pot ray red rim rod row rug rye sap sea sky sun tea tin top toy vat way yew
		acre arch area atom bark barn beam bell bird boat bolt book brim bulb cave clay coal coin cone cork corn cove crop
		dale dawn deer disk dome door dove dune dusk fern fish flax foam fold fork frog gate glen glow gold gulf hail harp
		hawk herb hill hive iron isle jade kite knot lake lamp lane lark leaf lens lime loom mill mint mist moon moss nest
		oven palm path peak pear pier pine plum pond port quay rain reed reef ring road rock roof root rope rose sail salt
		sand seed silk snow song star stem surf tide tile vine wave well wind wing wood wool yard
		acorn amber anvil apple arrow aspen basin beach birch blade bloom brass brick bride brook brush cabin cable candle
		cedar chalk chart cliff clock cloud clove coast coral crane creek crown delta drift eagle ember fable field flame
		flint flute forge frost glade glass globe grain grape grass grove heath hedge honey inlet ivory kayak ledge lemon
		lilac maple marsh meadow melon metal moose north ocean olive onion otter paint peach pearl pedal plain plank plant
		prism quail quill raven ridge river robin sable scale shade shell shore slate slope south spark spice spire spoon
		spray stone storm straw stream swamp table thorn tiger torch tower trail train tulip valve water wharf wheat wheel
		anchor autumn bamboo barley basket beacon bridge bronze canyon carpet castle cherry cobalt cotton desert dragon
		falcon fiddle flower forest garden ginger goblet hammer harbor harvest hazel hollow island jacket jasmine jungle
		kettle ladder lagoon lantern lentil letter locket magnet marble meteor mirror mosaic needle nickel nutmeg orchid
		pebble pepper pigeon pillow planet pocket prairie quarry rabbit ribbon saddle salmon sapphire shadow silver
		spruce summer sunset thicket timber tunnel turtle valley velvet violet walnut willow window winter zephyr
		almanac bicycle blanket buffalo cabbage cactus caravan chimney clarinet compass copper cottage cricket crystal
		curtain daylight dolphin emerald feather firefly foothill fountain gazelle glacier granite gravel hammock horizon
		juniper lavender library lighthouse limestone magnolia mandolin moonlight mountain mustard northern nursery orchard
		parsley pasture pelican pendulum peninsula pineapple porcelain postcard rainbow raspberry rosemary sailboat
		sandstone satellite seashell silhouette snowflake southern sparrow springtime starlight strawberry sunflower
		telescope thunder tortoise umbrella vineyard volcano waterfall wilderness windmill woodland workshop`) {
		if n := len(word); n <= longestWord {
			byLength[n] = append(byLength[n], word)
		}
	}
	return byLength
}()

// longestWord is the length of the longest words that are used.
const longestWord = 10

// appendWord appends one word of n letters, or words run together where n is more than
// the longest has. Every choice takes its bits of x, which must be random.
func appendWord(dst []byte, n int, x uint64) []byte {
	for n > 0 {
		size := min(n, longestWord)
		if n > longestWord && n < 2*longestWord {
			size = n / 2
		}
		list := wordList[size]
		dst = append(dst, list[x%uint64(len(list))]...)
		n -= size
		x = mix(x)
	}
	return dst
}

// appendWords appends n bytes of words of four to nine letters with a separator between
// two, of which the last is as long as is left.
func appendWords(dst []byte, n int, separator byte, x uint64) []byte {
	for n > 0 {
		x = mix(x)
		size := 4 + int(x%6)
		if rest := n - size - 1; rest < 3 {
			if size = n; n > longestWord {
				size = n - 5 // leaves a separator and four letters
			}
		}
		dst = appendWord(dst, size, x>>8)
		if n -= size; n > 0 {
			dst = append(dst, separator)
			n--
		}
	}
	return dst
}

// mix spreads a number evenly over all numbers: the step and the finaliser of SplitMix64
// (Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
