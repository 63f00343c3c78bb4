using System.Runtime.InteropServices;
using System.Text;

namespace XLLM.Silo.Tokenization.Unicode;

/// <summary>
/// The four Unicode normalization forms (UAX #15). <see cref="string.Normalize()"/> cannot serve: in invariant globalization mode,
/// which the whole product uses so that it needs no ICU, it returns its input unchanged.
/// </summary>
internal sealed class UnicodeNormalization
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, HangulCount = LeadCount * VowelCount * TrailCount;

    private static readonly Lazy<UnicodeNormalization> Tables = new(() => new UnicodeNormalization());

    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatible = [];
    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];

    /// <summary>Per UTF-16 unit: bit 0 and 1, the text may not be in NFC / NFKC if it holds it; bit 2 and 3, the same for NFD / NFKD.</summary>
    private readonly byte[] _suspicious = new byte[0x10000];

    private UnicodeNormalization()
    {
        var pairs = new List<(int CodePoint, int First, int Second)>();
        foreach (var fields in UnicodeResource.Lines("normalization.txt"))
        {
            if (fields[0] == "c")
            {
                foreach (var (from, to) in fields.Skip(2).Select(UnicodeResource.Range))
                {
                    for (var codePoint = from; codePoint <= to; codePoint++)
                    {
                        _classes[codePoint] = byte.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture);
                        Suspect(codePoint, 0b1111);
                    }
                }

                continue;
            }

            var decomposed = UnicodeResource.CodePoint(fields[1]);
            var mapping = fields.Skip(2).Select(field => UnicodeResource.CodePoint(field)).ToArray();
            switch (fields[0])
            {
                case "d":
                    pairs.Add((decomposed, mapping[0], mapping[1]));
                    _compositions.Add((mapping[0], mapping[1]), decomposed);
                    Suspect(decomposed, 0b1100);
                    Suspect(mapping[1], 0b0011);
                    break;
                case "x":
                    _canonical.Add(decomposed, mapping);
                    Suspect(decomposed, 0b1111);
                    break;
                default:
                    _compatible.Add(decomposed, mapping);
                    Suspect(decomposed, 0b1010);
                    break;
            }
        }

        var firsts = pairs.ToDictionary(pair => pair.CodePoint);
        foreach (var pair in pairs)
        {
            _canonical.Add(pair.CodePoint, [.. Unfold(pair.First, firsts), pair.Second]);
        }

        for (var codePoint = HangulBase; codePoint < HangulBase + HangulCount; codePoint++)
        {
            Suspect(codePoint, 0b1100);
        }

        for (var jamo = VowelBase; jamo < TrailBase + TrailCount; jamo++)
        {
            Suspect(jamo, 0b0011);
        }
    }

    /// <summary>The text in a normalization form, or null when it is in that form already.</summary>
    /// <param name="text">Well-formed UTF-16: no unpaired surrogates.</param>
    public static string? Normalize(ReadOnlySpan<char> text, NormalizationForm form)
    {
        // Below U+00A0 nothing decomposes, below U+0300 nothing composes: the common text needs no table at all.
        var composes = form is NormalizationForm.FormC;
        if (!text.ContainsAnyExceptInRange('\0', composes ? '\u02FF' : '\u009F'))
        {
            return null;
        }

        return Tables.Value.Rewrite(text, form);
    }

    private static int MaskOf(NormalizationForm form) => form switch
    {
        NormalizationForm.FormC => 0b0001,
        NormalizationForm.FormKC => 0b0010,
        NormalizationForm.FormD => 0b0100,
        NormalizationForm.FormKD => 0b1000,
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, "not a normalization form"),
    };

    private static IEnumerable<int> Unfold(int codePoint, Dictionary<int, (int CodePoint, int First, int Second)> firsts) =>
        firsts.TryGetValue(codePoint, out var pair) ? [.. Unfold(pair.First, firsts), pair.Second] : [codePoint];

    private void Suspect(int codePoint, byte mask)
    {
        if (codePoint < 0x10000)
        {
            _suspicious[codePoint] |= mask;
            return;
        }

        // One suspicious code point of 1,024 makes their shared high surrogate suspicious; the slow path then finds out.
        _suspicious[0xD800 + ((codePoint - 0x10000) >> 10)] |= mask;
    }

    /// <summary>
    /// Rewrites only the stretches around suspicious code points: a code point that is not suspicious has class 0 and combines with nothing
    /// before it, so a stretch may begin with one and ends before the next.
    /// </summary>
    private string? Rewrite(ReadOnlySpan<char> text, NormalizationForm form)
    {
        var mask = MaskOf(form);
        StringBuilder? builder = null;
        List<int>? points = null;
        var copied = 0;
        for (var at = NextSuspicious(text, 0, mask); at < text.Length; at = NextSuspicious(text, at, mask))
        {
            // The code point before may combine with this one.
            var start = at == copied ? at : at - (char.IsLowSurrogate(text[at - 1]) ? 2 : 1);
            while (at < text.Length && (_suspicious[text[at]] & mask) != 0)
            {
                at += char.IsHighSurrogate(text[at]) ? 2 : 1;
            }

            builder ??= new(text.Length + 16);
            builder.Append(text[copied..start]);
            AppendRewritten(text[start..at], form, points ??= [], builder);
            copied = at;
        }

        if (builder is null)
        {
            return null;
        }

        var result = builder.Append(text[copied..]).ToString();
        return text.SequenceEqual(result) ? null : result;
    }

    private int NextSuspicious(ReadOnlySpan<char> text, int from, int mask)
    {
        while (from < text.Length && (_suspicious[text[from]] & mask) == 0)
        {
            from++;
        }

        return from;
    }

    private void AppendRewritten(ReadOnlySpan<char> text, NormalizationForm form, List<int> points, StringBuilder builder)
    {
        points.Clear();
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, form is NormalizationForm.FormKC or NormalizationForm.FormKD, points);
        }

        var span = CollectionsMarshal.AsSpan(points);
        Order(span);
        var length = form is NormalizationForm.FormC or NormalizationForm.FormKC ? Compose(span) : span.Length;
        foreach (var point in span[..length])
        {
            builder.Append(new Rune(point));
        }
    }

    private void Decompose(int codePoint, bool compatible, List<int> output)
    {
        var syllable = codePoint - HangulBase;
        if (syllable is >= 0 and < HangulCount)
        {
            output.Add(LeadBase + (syllable / (VowelCount * TrailCount)));
            output.Add(VowelBase + (syllable % (VowelCount * TrailCount) / TrailCount));
            if (syllable % TrailCount is var trail and not 0)
            {
                output.Add(TrailBase + trail);
            }
        }
        else if ((compatible && _compatible.TryGetValue(codePoint, out var mapping)) || _canonical.TryGetValue(codePoint, out mapping))
        {
            output.AddRange(mapping);
        }
        else
        {
            output.Add(codePoint);
        }
    }

    /// <summary>Canonical ordering: marks between two starters are sorted by class, stably.</summary>
    private void Order(Span<int> points)
    {
        for (var start = 0; start < points.Length; start++)
        {
            if (!_classes.ContainsKey(points[start]))
            {
                continue;
            }

            var end = start + 1;
            while (end < points.Length && _classes.ContainsKey(points[end]))
            {
                end++;
            }

            if (end - start > 1)
            {
                // OrderBy is stable, which the rule needs, and n log n, which a hostile run of a million marks needs.
                var sorted = points[start..end].ToArray().OrderBy(point => _classes[point]).ToArray();
                sorted.CopyTo(points[start..]);
            }

            start = end;
        }
    }

    /// <summary>Canonical composition in place. Returns the new length.</summary>
    private int Compose(Span<int> points)
    {
        var length = 0;
        var starter = -1;          // index in the output of the last starter
        var lastClass = 0;         // class of the mark written last behind it
        foreach (var point in points)
        {
            var pointClass = _classes.GetValueOrDefault(point);
            var adjacent = starter >= 0 && starter == length - 1;
            if (starter >= 0 && (adjacent || (lastClass != 0 && lastClass < pointClass)) && TryCompose(points[starter], point) is { } composed)
            {
                points[starter] = composed;
                continue;
            }

            points[length] = point;
            if (pointClass == 0)
            {
                starter = length;
            }

            lastClass = pointClass;
            length++;
        }

        return length;
    }

    private int? TryCompose(int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + LeadCount && second is >= VowelBase and < VowelBase + VowelCount)
        {
            return HangulBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TrailCount);
        }

        if (first is >= HangulBase and < HangulBase + HangulCount && (first - HangulBase) % TrailCount == 0
            && second is > TrailBase and < TrailBase + TrailCount)
        {
            return first + second - TrailBase;
        }

        return _compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }
}
