package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

type simulatorOptions struct {
	listen, dir, faults, bulk string
}

func newSimulatorCommand(a *app) *cobra.Command {
	var opts simulatorOptions
	cmd := &cobra.Command{
		Use:   "simulator",
		Short: "Serve a simulated Duo account on loopback, to rehearse with",
		Long: `simulator serves an empty Duo account in memory, over TLS and with Duo's real protocol
and signatures, until it is interrupted. DIR gets ca.pem and duo.yaml, a duo: section
ready to be copied into a configuration. When it is ready it prints: ready
https://HOST:PORT

Exit status: 0 it was interrupted; 1 it could not start.`,
		Example: `  duosync simulator --dir sim
  duosync simulator --dir sim --listen 127.0.0.1:8443 --faults faults.yaml`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSimulator(cmd.Context(), opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.listen, "listen", "127.0.0.1:0", "loopback `ADDR` to listen on; port 0 picks one")
	f.StringVar(&opts.dir, "dir", "", "folder for ca.pem and duo.yaml")
	f.StringVar(&opts.faults, "faults", "", "`FILE` of faults to make (see docs/simulator.md)")
	f.StringVar(&opts.bulk, "bulk", bulkEnvelopes, "`ANSWER` to calls of many operations of which one is refused: "+strings.Join(slices.Sorted(maps.Keys(bulkRules())), ", "))
	return cmd
}

const bulkEnvelopes = "envelopes"

// bulkRules are what Duo may make of calls of many operations, which its documents leave open.
func bulkRules() map[string]duosim.Rules {
	return map[string]duosim.Rules{
		bulkEnvelopes:    {},
		"partial":        {BulkAnswer: duosim.BulkPartial},
		"bare":           {BulkAnswer: duosim.BulkBare},
		"all-or-nothing": {AllOrNothing: true},
		"small":          {Limits: duosim.Limits{BulkCreate: 50, Bulk: 25}},
		"refused":        {BulkRefused: 40301},
	}
}

func (a *app) runSimulator(ctx context.Context, opts simulatorOptions) (err error) {
	if opts.dir == "" {
		return dirsync.WithHint(errors.New("--dir is missing"), "Name the folder for ca.pem and duo.yaml.")
	}
	host, _, err := net.SplitHostPort(opts.listen)
	if err != nil {
		return dirsync.WithHint(fmt.Errorf("--listen: %w", err), "Give an address and a port, such as 127.0.0.1:8443.")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return dirsync.WithHint(fmt.Errorf("--listen: %s is not a loopback address", host), "The simulator is for this machine only; use 127.0.0.1.")
	}
	rules, known := bulkRules()[opts.bulk]
	if !known {
		return fmt.Errorf("--bulk: %w", commandline.Unknown("answer", opts.bulk, slices.Sorted(maps.Keys(bulkRules()))))
	}
	options := duosim.Options{Rules: rules}
	if opts.faults != "" {
		if options.Faults, err = duosim.LoadFaults(opts.faults); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(opts.dir, 0o700); err != nil {
		return err
	}
	server := duosim.New(options)
	if err := server.Start(opts.listen); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.WriteFiles(opts.dir); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.Out, "ready https://%s\n", server.Host()); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
