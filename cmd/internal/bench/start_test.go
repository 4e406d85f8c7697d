package bench_test

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// What the program may take before it does anything.
const (
	mostStart  = 60 * time.Millisecond
	mostBinary = 40_000_000 // bytes
)

// started tells how long the program that was built takes to say its version, and how large
// it is; "" where none was built.
func started(t *testing.T) string {
	t.Helper()
	binary := os.Getenv(binaryVariable)
	if binary == "" {
		return ""
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > mostBinary {
		t.Errorf("the program has %d bytes, more than %d", info.Size(), mostBinary)
	}
	h := &house{t: t}
	var all []figures
	for range rounds {
		all = append(all, h.process("version", nil, binary, "version"))
	}
	took := median(all).wall
	if took > mostStart {
		t.Errorf("the program takes %s to start, more than %s", took, mostStart)
	}
	return fmt.Sprintf("\n`duosync version` takes %s, and the program has %.1f MB.\n", duration(took), float64(info.Size())/1e6)
}
