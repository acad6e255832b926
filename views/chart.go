package views

import (
	"slices"
	"time"

	"github.com/go-analyze/charts"
)

// Adoption is how many accounts had which second factor on one day.
type Adoption struct {
	Day                time.Time
	Accounts, Enrolled int
	By                 []int // enrolled accounts, by the first of the kinds that each has
}

// The size of a chart in CSS pixels. It is sharp in a card on a phone.
const (
	chartWide = 520
	chartTall = 220
)

// AdoptionChart draws the share of accounts with a second factor, in percent.
func AdoptionChart(days []Adoption, _ []string, dark bool) ([]byte, error) {
	share := make([]float64, len(days))
	for i, d := range days {
		share[i] = float64(percent(d.Enrolled, d.Accounts))
	}
	o := charts.NewLineChartOptionWithData([][]float64{share})
	o.FillArea, o.FillOpacity = charts.Ptr(true), 48
	o.YAxis[0].Min, o.YAxis[0].Max = charts.Ptr(0.0), charts.Ptr(100.0)
	o.YAxis[0].ValueFormatter = func(v float64) string { return charts.FormatValueHumanize(v, 0, false) + " %" }
	return draw(o, days, nil, dark)
}

// KindsChart draws how many accounts have which kind, counting only the first
// kind of each, and how many have no second factor.
func KindsChart(days []Adoption, series []string, dark bool) ([]byte, error) {
	lines := make([][]float64, len(series)+1)
	for _, d := range days {
		for i := range series {
			lines[i] = append(lines[i], float64(d.By[i]))
		}
		lines[len(series)] = append(lines[len(series)], float64(d.Accounts-d.Enrolled))
	}
	o := charts.NewLineChartOptionWithData(lines)
	most := 0
	for _, d := range days {
		most = max(most, d.Accounts)
	}
	o.YAxis[0].Min, o.YAxis[0].Max = charts.Ptr(0.0), charts.Ptr(ceiling(most))
	o.YAxis[0].ValueFormatter = func(v float64) string { return charts.FormatValueHumanize(v, 0, false) }
	return draw(o, days, append(slices.Clone(series), "None"), dark)
}

// ceiling is the next round number of which a quarter is round too.
func ceiling(most int) float64 {
	for step := 1; ; step *= 10 {
		for _, n := range []int{4, 8, 20, 40} {
			if most <= n*step {
				return float64(n * step)
			}
		}
	}
}

func draw(o charts.LineChartOption, days []Adoption, names []string, dark bool) ([]byte, error) {
	o.XAxis.Labels, o.XAxis.LabelCount = dayLabels(days), len(days)
	o.XAxis.BoundaryGap = charts.Ptr(false)
	o.YAxis[0].LabelCount = 5
	o.Symbol.Shape, o.LineStrokeWidth = charts.SymbolNone, 2
	o.Theme = chartTheme(dark)
	o.Padding = charts.NewBox(12, 12, 24, 8)
	o.Legend.SeriesNames = names
	o.Legend.Show = charts.Ptr(len(names) > 0)
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: chartWide, Height: chartTall})
	if err := p.LineChart(o); err != nil {
		return nil, err
	}
	return p.Bytes()
}

// dayLabels names about five days, evenly and the last one always. Left to
// itself the library adds the last one beside its neighbour, over which it is printed.
func dayLabels(days []Adoption) []string {
	labels := make([]string, len(days))
	step := max(1, (len(days)+3)/4)
	for i := len(days) - 1; i >= 0; i -= step {
		labels[i] = days[i].Day.Format("2 Jan")
	}
	return labels
}

// chartTheme has the colours of app.css.
func chartTheme(dark bool) charts.ColorPalette {
	hex := charts.ColorFromHex
	if dark {
		return charts.MakeTheme(charts.ThemeOption{IsDarkMode: true, AxisStrokeColor: hex("#2d303c"), XAxisStrokeColor: hex("#2d303c"), YAxisStrokeColor: hex("#2d303c"),
			AxisSplitLineColor: hex("#262935"), BackgroundColor: charts.ColorTransparent, TextColor: hex("#a4a7b7"),
			SeriesColors: []charts.Color{hex("#a9abff"), hex("#f3bd62"), hex("#8b8fa2")}})
	}
	return charts.MakeTheme(charts.ThemeOption{AxisStrokeColor: hex("#e1e1ea"), XAxisStrokeColor: hex("#e1e1ea"), YAxisStrokeColor: hex("#e1e1ea"), AxisSplitLineColor: hex("#ebebf2"),
		BackgroundColor: charts.ColorTransparent, TextColor: hex("#595b6b"),
		SeriesColors: []charts.Color{hex("#4346bd"), hex("#b87400"), hex("#8d8fa0")}})
}
