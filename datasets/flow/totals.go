package flow

// flowTotals are the running sums of one flow's row of the flow table.
type flowTotals struct{}
