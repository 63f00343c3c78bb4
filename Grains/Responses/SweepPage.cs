using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace XLLM.Grains.Responses;

/// <summary>Which responses are swept together. Pure.</summary>
/// <param name="Hour">Begin of the hour, UTC, in which their time is over.</param>
/// <param name="Part">0 to <see cref="Parts"/> - 1: the responses of an hour are split by their ids.</param>
/// <remarks>
/// A page has one reminder and one row however many responses it has, so what the silos' reminder services hold in memory is bounded: pages of 30 days are 11,520.
/// A page's row is written again for each response: at one stored response a second it has 225 ids in the end, 10 KB.
/// </remarks>
internal readonly record struct SweepPage(DateTimeOffset Hour, int Part)
{
    private const int Parts = 16;
    private const string HourFormat = "yyyy-MM-dd'T'HH";

    /// <summary>From here on the time of all its responses is over.</summary>
    public DateTimeOffset Due => Hour.AddHours(1);

    /// <summary>The page of a response.</summary>
    /// <param name="responseId">Its id.</param>
    /// <param name="over">When its time is over.</param>
    public static SweepPage Of(string responseId, DateTimeOffset over)
    {
        var utc = over.ToUniversalTime();
        var part = (int)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(responseId)) % Parts);
        return new(new DateTimeOffset(utc.Year, utc.Month, utc.Day, utc.Hour, 0, 0, TimeSpan.Zero), part);
    }

    /// <summary>Reads a grain's key.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static SweepPage Parse(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && int.TryParse(key.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var part) && part < Parts
            && DateTimeOffset.TryParseExact(key.AsSpan(0, slash), HourFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var hour)
            ? new(hour, part)
            : throw new FormatException($"'{key}' is no page of responses: it must be an hour, as 2026-11-26T14, a slash, and 0 to {Parts - 1}");
    }

    /// <summary>The grain's key.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Hour.ToString(HourFormat, CultureInfo.InvariantCulture)}/{Part}");
}
