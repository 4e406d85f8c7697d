// Command duosync keeps Duo Security's users in step with an LDAP directory.
package main

import (
	"os"
	_ "time/tzdata" // an image from scratch has no time zones

	"duosync/cmd/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.Process())) }
