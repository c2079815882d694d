package flow

// Rules names the application of a packet by the ordered rules of algorithm.md
// 1.3, exactly as NeCSTGen's tables have it: from its layers and its ports alone
// (0: none). Unknown is a packet that matches none. Packets with a payload at
// hand are better served by [Identify].
func Rules(layers Layers, srcPort, dstPort uint16) Application {
	app := max(portRule(srcPort), portRule(dstPort), rulesByLayer[layers[3].Name])
	if layers[2].Name == LayerICMP {
		app = max(app, ICMPApplication)
	}
	if app == Unknown && srcPort == 0 && dstPort == 0 {
		return linkRule(&layers)
	}
	return app
}

// linkRule returns the last of the rules for packets without ports that matches.
func linkRule(l *Layers) Application {
	for app := applicationCount - 1; app > Unknown; app-- {
		want := registry[app].ruleLink
		if want == [3]LayerName{} {
			continue
		}
		fits := true
		for i, name := range want {
			fits = fits && (name == anyLayer || name == l[i].Name)
		}
		if fits {
			return app
		}
	}
	return Unknown
}
