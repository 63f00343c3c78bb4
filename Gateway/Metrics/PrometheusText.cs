using System.Globalization;
using System.Text;

namespace XLLM.Gateway.Metrics;

/// <summary>Families to Prometheus' text format 0.0.4. Pure.</summary>
/// <remarks>Source: the exposition format's specification, and OpenTelemetry's rules for names (units and <c>_total</c> as suffixes).</remarks>
internal static class PrometheusText
{
    /// <summary>Content type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>Writes each family under its own name, and under its alias where it has one.</summary>
    public static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder();
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var family in families)
        {
            if (family.Series.Count == 0)
            {
                continue;
            }

            Write(text, written, NameOf(family), family, NoLabels);
            if (MetricAlias.Table.TryGetValue(family.Name, out var alias))
            {
                Write(text, written, alias.Name, family, alias.Labels);
            }
        }

        return text.ToString();
    }

    /// <summary>A family's name by the rules.</summary>
    public static string NameOf(MetricFamily family)
    {
        var name = new StringBuilder(family.Name.Length + 16);
        foreach (var c in family.Name)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_');
        }

        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            name.Insert(0, '_');
        }

        Suffix(name, UnitOf(family));
        Suffix(name, family.Kind == MetricKind.Counter ? "total" : "");
        return name.ToString();
    }

    private static string UnitOf(MetricFamily family) => family.Unit switch
    {
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" or "\u00b5s" => "microseconds",
        "By" => "bytes",
        "1" when family.Kind == MetricKind.Gauge => "ratio",
        _ => "",
    };

    private static void Suffix(StringBuilder name, string suffix)
    {
        if (suffix.Length > 0 && !name.ToString().EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            name.Append('_').Append(suffix);
        }
    }

    private static void Write(StringBuilder text, HashSet<string> written, string name, MetricFamily family, IReadOnlyDictionary<string, string> labelNames)
    {
        // A name may appear once; two instruments whose names differ only in what Prometheus cannot write would break the whole page.
        if (!written.Add(name))
        {
            return;
        }

        if (family.Description.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {family.Description.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {Word(family.Kind)}\n");
        foreach (var series in family.Series)
        {
            var labels = Labels(series, labelNames);
            if (family.Kind == MetricKind.Histogram)
            {
                WriteHistogram(text, name, labels, series);
            }
            else
            {
                Line(text, name, labels, Number(series.Value));
            }
        }
    }

    private static void WriteHistogram(StringBuilder text, string name, string labels, MetricSeries series)
    {
        var separator = labels.Length == 0 ? "" : ",";
        long below = 0;
        for (var i = 0; i < series.Counts.Length; i++)
        {
            below += series.Counts[i];
            var bound = i < series.Buckets.Length ? Number(series.Buckets[i]) : "+Inf";
            Line(text, name + "_bucket", $"{labels}{separator}le=\"{bound}\"", below.ToString(CultureInfo.InvariantCulture));
        }

        Line(text, name + "_sum", labels, Number(series.Value));
        Line(text, name + "_count", labels, below.ToString(CultureInfo.InvariantCulture));
    }

    private static void Line(StringBuilder text, string name, string labels, string value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }

    private static string Labels(MetricSeries series, IReadOnlyDictionary<string, string> names)
    {
        var labels = new StringBuilder();
        var used = new HashSet<string>(StringComparer.Ordinal) { "le" };
        foreach (var (tag, value) in series.Labels)
        {
            var name = LabelName(names.GetValueOrDefault(tag, tag));
            if (used.Add(name))
            {
                labels.Append(labels.Length == 0 ? "" : ",").Append(name).Append("=\"").Append(Escape(value)).Append('"');
            }
        }

        return labels.ToString();
    }

    private static string LabelName(string tag)
    {
        var name = string.Concat(tag.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return name.Length == 0 || char.IsAsciiDigit(name[0]) ? "_" + name : name;
    }

    private static string Escape(string value) => value
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", @"\n", StringComparison.Ordinal);

    private static string Word(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
