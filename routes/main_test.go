package routes_test

import (
	"testing"

	"nightlatch/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
