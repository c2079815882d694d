package flow

// MaxLayers is how many layers of a packet are kept: NeCSTGen's tables have
// layers_0 to layers_5.
const MaxLayers = 6

// Layer is one dissected layer and its length in bytes, everything below it included.
type Layer struct {
	Name   LayerName
	Length int32
}

// Layers are a packet's dissected layers, outermost first. Layers beyond the
// packet's own have the name NoLayer.
type Layers [MaxLayers]Layer

// LayerName is the dissector's name of a layer (algorithm.md 1.1). It is a
// string of a fixed set, so that copying one never allocates.
type LayerName string

// NoLayer is NeCSTGen's category for a layer that is not there. In a Packet it
// is the empty string; tables write "None".
const NoLayer LayerName = ""
