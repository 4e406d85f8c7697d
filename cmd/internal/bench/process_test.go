package bench_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// process measures a program that must succeed.
func (h *house) process(what string, env []string, name string, args ...string) figures {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), name, args...)
	var errs bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), &errs
	start := time.Now()
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	peak, ended := make(chan int64), make(chan struct{})
	go func() { peak <- watchPeak(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	f := figures{what: what, wall: time.Since(start), calls: -1}
	close(ended)
	f.peak = <-peak
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", commandLine(name, args), err, &errs)
	}
	f.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return f
}

// watchPeak gives the most memory that a process had resident, in bytes. What wait4(2) tells
// counts the memory of this process, too, from before the other program was loaded, so the
// kernel's own mark (VmHWM in proc(5)) is read until the process has ended.
func watchPeak(pid int, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	path := filepath.Join("/proc", strconv.Itoa(pid), "status")
	for {
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
		status, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		_, line, found := bytes.Cut(status, []byte("VmHWM:"))
		line, _, _ = bytes.Cut(line, []byte("kB"))
		if kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64); found && err == nil {
			peak = max(peak, kib<<10)
		}
	}
}
