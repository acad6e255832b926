package commands

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"

	"nightlatch.example/nightlatch/internal/wiring"
)

const (
	bySystemd   = "systemd"
	socket      = "unix:"
	socketMode  = "?mode="
	defaultMode = "660" // a proxy reaches it as a member of the group
)

// listenAddress reads HOST:PORT, unix:PATH with or without ?mode=660, or
// systemd.
func listenAddress(name, value string) (string, error) {
	switch {
	case value == bySystemd:
		return value, nil
	case strings.HasPrefix(value, socket):
		if _, _, err := socketPath(value); err != nil {
			return "", wiring.BadValue(name, "%v", err)
		}
		return value, nil
	}
	return hostPort(name, value)
}

// socketPath takes unix:PATH?mode=660 apart.
func socketPath(value string) (string, fs.FileMode, error) {
	path, text, given := strings.Cut(strings.TrimPrefix(value, socket), socketMode)
	mode, err := strconv.ParseUint(cmp.Or(text, defaultMode), 8, 32)
	switch {
	case given && (text == "" || err != nil || mode > 0o777):
		return "", 0, errors.New("must have a file mode such as 660 after unix:PATH?mode=")
	case path == "" || strings.ContainsAny(path, "?"):
		return "", 0, errors.New("must be unix:PATH or unix:PATH?mode=660")
	case len(path) > 107: // sun_path of unix(7) with its zero
		return "", 0, errors.New("has a path of more than 107 bytes, which is too long for a socket")
	}
	return path, fs.FileMode(mode), nil
}

// listen opens the socket of an address. Its error says in plain words why it
// cannot.
func listen(name, addr string) (net.Listener, error) {
	switch {
	case addr == bySystemd:
		return inherited(name)
	case strings.HasPrefix(addr, socket):
		return listenSocket(name, addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, cannotListen(name, addr, err)
	}
	return l, nil
}

func cannotListen(name, addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %s is taken by another program", name, addr)
	}
	return fmt.Errorf("%s: cannot listen on %s: %w", name, addr, err)
}

// inherited is the socket that systemd opened for us.
func inherited(name string) (net.Listener, error) {
	all, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: the socket that systemd passes cannot be used: %w", name, err)
	case len(all) == 0:
		return nil, fmt.Errorf("%s is systemd, but systemd passed no socket: start nightlatch.socket, or give an address", name)
	case len(all) > 1 || all[0] == nil:
		return nil, fmt.Errorf("%s is systemd, but systemd passed %d files instead of one stream socket", name, len(all))
	}
	return all[0], nil
}

// listenSocket opens a socket in the file system. One that a killed server left
// behind is replaced; one on which somebody answers is not.
func listenSocket(name, addr string) (net.Listener, error) {
	path, mode, err := socketPath(addr)
	if err != nil {
		return nil, wiring.BadValue(name, "%v", err)
	}
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != fs.ModeSocket {
			return nil, fmt.Errorf("%s: %s is a file and not a socket", name, path)
		}
		if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
			c.Close()
			return nil, cannotListen(name, path, syscall.EADDRINUSE)
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			_ = os.Remove(path)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, cannotListen(name, path, err)
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, fmt.Errorf("%s: the mode of %s cannot be set: %w", name, path, err)
	}
	return l, nil
}
