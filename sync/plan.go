package dirsync

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Plan is what a run will do: waves of operations that need nothing of each
// other, one wave after another.
type Plan struct {
	Waves [][]*Op
}

// Ops returns all operations in their order.
func (p *Plan) Ops() []*Op {
	var ops []*Op
	for _, wave := range p.Waves {
		ops = append(ops, wave...)
	}
	return ops
}

// ID is a digest of the operations in their order: the same plan, the same id.
func (p *Plan) ID() string {
	h := sha256.New()
	for _, op := range p.Ops() {
		op.digest(h)
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}

// Narrow leaves of the plan what keep asks for.
func (p *Plan) Narrow(keep func(*Op) bool) {
	var waves [][]*Op
	for _, wave := range p.Waves {
		if wave = slices.DeleteFunc(slices.Clone(wave), func(o *Op) bool { return !keep(o) }); len(wave) > 0 {
			waves = append(waves, wave)
		}
	}
	p.Waves = waves
}
