package browser

import (
	"testing"

	"nightlatch.example/nightlatch/internal/chrome"
)

func TestMain(m *testing.M) { chrome.Main(m) }
