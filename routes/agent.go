package routes

import "github.com/mileusna/useragent"

// What a browser sends about itself may be any text, and it would be shown in
// mails and lists. So only these names are shown.
var (
	browserNames = map[string]string{
		useragent.Firefox: "Firefox", useragent.Chrome: "Chrome", useragent.HeadlessChrome: "Chrome", useragent.Safari: "Safari",
		useragent.MobileSafari: "Safari", useragent.Edge: "Edge", useragent.Opera: "Opera", useragent.OperaMini: "Opera",
		useragent.OperaTouch: "Opera", useragent.SamsungBrowser: "Samsung Internet", useragent.Vivaldi: "Vivaldi",
		useragent.InternetExplorer: "Internet Explorer", "curl": "curl", "Wget": "Wget",
	}
	systemNames = map[string]string{
		useragent.Windows: "Windows", useragent.MacOS: "macOS", useragent.Linux: "Linux", useragent.Android: "Android",
		useragent.IOS: "iOS", useragent.ChromeOS: "ChromeOS", useragent.CrOS: "ChromeOS", useragent.FreeBSD: "FreeBSD",
		useragent.WindowsPhone: "Windows Phone", useragent.Harmony: "HarmonyOS",
	}
)

// browserName is a browser in words: "Firefox on Windows".
func browserName(agent string) string {
	ua := useragent.Parse(short(agent, 300))
	name := browserNames[ua.Name]
	if name == "" {
		name = "An unknown browser"
	}
	if system := systemNames[ua.OS]; system != "" {
		name += " on " + system
	}
	return name
}
