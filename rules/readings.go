package rules

import (
	"slices"
	"strings"
)

// reading is a path as some application might understand it.
type reading struct {
	path  string
	lower bool // the letters count for nothing
}

// mostReadings is how many readings are judged. A path that has more was made to
// confuse, and nobody gets it.
const mostReadings = 256

// readings are all that an application could make of a path as it was sent: it may
// decode it, resolve what stands for other segments, and take capitals for small
// letters, each or not, in any order. The first is the path itself. There are none
// when there are too many.
func readings(path string, anyCapitals bool) []reading {
	ways := []string{path}
	if strings.ContainsAny(path, "%;\\?#\x00") || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		ways = closure(path)
	}
	if len(ways) > mostReadings/2 {
		return nil
	}
	list := make([]reading, 0, 2*len(ways))
	for _, w := range ways {
		list = append(list, reading{path: w})
	}
	for _, w := range ways {
		if low := strings.ToLower(w); low != w || anyCapitals {
			list = append(list, reading{low, true})
		}
	}
	return list
}

// step is a path on the way to its readings.
type step struct {
	path    string
	decoded bool // once is enough: nothing decodes twice
}

// closure is what comes of a path by any of the changes in any order, itself first.
func closure(path string) (list []string) {
	seen := map[step]bool{{path: path}: true}
	queue := []step{{path: path}}
	for len(queue) > 0 && len(seen) <= 2*mostReadings {
		x := queue[0]
		queue = queue[1:]
		if !slices.Contains(list, x.path) {
			list = append(list, x.path)
		}
		next := []step{{parameters(x.path), x.decoded}, {slashes(x.path), x.decoded}, {merged(x.path), x.decoded}, {resolved(x.path), x.decoded}, {cut(x.path), x.decoded}}
		if !x.decoded {
			next = append(next, step{decode(x.path), true})
		}
		for _, n := range next {
			if !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		}
	}
	if len(queue) > 0 {
		return make([]string, mostReadings) // too many
	}
	return list
}

// decode reads %XX once; what is no such thing stays.
func decode(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			high, ok1 := hex(path[i+1])
			low, ok2 := hex(path[i+2])
			if ok1 && ok2 {
				b.WriteByte(high<<4 | low)
				i += 2
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

func hex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// parameters takes out what follows a semicolon in each segment.
func parameters(path string) string {
	if !strings.Contains(path, ";") {
		return path
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i], _, _ = strings.Cut(p, ";")
	}
	return strings.Join(parts, "/")
}

// slashes takes backslashes for slashes.
func slashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// merged takes several slashes for one.
func merged(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// resolved takes out "." and "..", the latter with the segment before it (RFC 3986
// §5.2.4).
func resolved(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	parts := strings.Split(path, "/")
	for i, p := range parts[1:] {
		last := i == len(parts)-2
		switch p {
		case ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, p)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// cut ends a path where some would take it for ended once it is decoded.
func cut(path string) string {
	if i := strings.IndexAny(path, "?#\x00"); i > 0 {
		return path[:i]
	}
	return path
}
