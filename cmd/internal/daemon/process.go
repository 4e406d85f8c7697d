package daemon

import (
	"fmt"
	"io"
	"os"
	"runtime"
	runtimemetrics "runtime/metrics"
)

// writeProcess gives what is known of the process itself, by the names that
// Prometheus' own client uses. Descriptors and memory come from Linux's /proc;
// elsewhere they are left out.
func writeProcess(w io.Writer) error {
	var r registry
	r.gauge("go_goroutines", "Goroutines that exist now.").set(float64(runtime.NumGoroutine()))
	live := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	if runtimemetrics.Read(live); live[0].Value.Kind() == runtimemetrics.KindUint64 {
		r.gauge("go_gc_heap_live_bytes", "Heap memory that the last garbage collection found in use.").set(float64(live[0].Value.Uint64()))
	}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.gauge("process_open_fds", "Open file descriptors.").set(float64(len(files) - 1)) // one reads the folder
	}
	var size, resident int64
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if n, _ := fmt.Sscan(string(text), &size, &resident); n == 2 {
			r.gauge("process_resident_memory_bytes", "Resident memory.").set(float64(resident * int64(os.Getpagesize())))
		}
	}
	return r.write(w)
}
