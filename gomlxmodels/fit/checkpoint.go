package fit

func (t *trainer) resume() error { return nil }
func (t *trainer) save() error   { return nil }
