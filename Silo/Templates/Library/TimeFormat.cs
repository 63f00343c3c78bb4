using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Library;

/// <summary>Python's <c>strftime</c> on Linux, in the C locale, of a local time without zone.</summary>
internal static class TimeFormat
{
    private static readonly CultureInfo Names = CultureInfo.InvariantCulture;

    public static string Format(RenderContext context, DateTime time, string format)
    {
        var result = new TextBuilder(context);
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            var start = i++;
            var flag = '\0';
            for (; i < format.Length && format[i] is '-' or '_' or '0' or '^' or '#'; i++)
            {
                flag = format[i];
            }

            var width = 0;
            for (; i < format.Length && char.IsAsciiDigit(format[i]); i++)
            {
                width = Math.Min((width * 10) + (format[i] - '0'), 1 << 20);
            }

            // E and O ask for another calendar or other digits, which the C locale does not have.
            i += i + 1 < format.Length && format[i] is 'E' or 'O' ? 1 : 0;
            var text = i < format.Length ? Field(time, format[i], flag) : null;
            result.Append(text is null ? format[start..Math.Min(i + 1, format.Length)] : Widen(text, width, format[i], flag));
        }

        return result.ToString();
    }

    private static string Widen(string text, int width, char field, char flag)
    {
        var isText = "aAbBhpPcxXDFTRrZz".Contains(field);
        text = flag switch
        {
            '^' => text.ToUpperInvariant(),
            '#' => field is 'p' ? text.ToLowerInvariant() : text.ToUpperInvariant(),
            _ => text,
        };
        return flag == '-' ? text : text.PadLeft(width, isText || flag == '_' ? (flag == '0' ? '0' : ' ') : '0');
    }

    private static string? Field(DateTime time, char field, char flag) => field switch
    {
        'a' => time.ToString("ddd", Names),
        'A' => time.ToString("dddd", Names),
        'b' or 'h' => time.ToString("MMM", Names),
        'B' => time.ToString("MMMM", Names),
        'c' => $"{time.ToString("ddd MMM", Names)} {Number(time.Day, 2, ' ', flag)} {time.ToString("HH:mm:ss yyyy", Names)}",
        'C' => Number(time.Year / 100, 2, '0', flag),
        'd' => Number(time.Day, 2, '0', flag),
        'D' or 'x' => time.ToString("MM/dd/yy", Names),
        'e' => Number(time.Day, 2, ' ', flag),
        'f' => time.ToString("ffffff", Names),
        'F' => time.ToString("yyyy-MM-dd", Names),
        'g' => Number(ISOWeek.GetYear(time) % 100, 2, '0', flag),
        'G' => Number(ISOWeek.GetYear(time), 4, '0', flag),
        'H' => Number(time.Hour, 2, '0', flag),
        'I' => Number(Hour12(time), 2, '0', flag),
        'j' => Number(time.DayOfYear, 3, '0', flag),
        'k' => Number(time.Hour, 2, ' ', flag),
        'l' => Number(Hour12(time), 2, ' ', flag),
        'm' => Number(time.Month, 2, '0', flag),
        'M' => Number(time.Minute, 2, '0', flag),
        'n' => "\n",
        'p' => time.Hour < 12 ? "AM" : "PM",
        'P' => time.Hour < 12 ? "am" : "pm",
        'r' => $"{Number(Hour12(time), 2, '0', '\0')}{time.ToString(":mm:ss", Names)} {(time.Hour < 12 ? "AM" : "PM")}",
        'R' => time.ToString("HH:mm", Names),
        's' => ((long)(time - DateTime.UnixEpoch).TotalSeconds).ToString(Names),
        'S' => Number(time.Second, 2, '0', flag),
        't' => "\t",
        'T' or 'X' => time.ToString("HH:mm:ss", Names),
        'u' => Number(time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek, 1, '0', flag),
        'U' => Number((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7, 2, '0', flag),
        'V' => Number(ISOWeek.GetWeekOfYear(time), 2, '0', flag),
        'w' => Number((int)time.DayOfWeek, 1, '0', flag),
        'W' => Number((time.DayOfYear + 6 - (((int)time.DayOfWeek + 6) % 7)) / 7, 2, '0', flag),
        'y' => Number(time.Year % 100, 2, '0', flag),
        'Y' => time.Year.ToString(Names),
        'z' or 'Z' => "",
        '%' => "%",
        _ => null,
    };

    private static int Hour12(DateTime time) => time.Hour % 12 == 0 ? 12 : time.Hour % 12;

    private static string Number(int value, int digits, char padding, char flag) => flag switch
    {
        '-' => value.ToString(Names),
        '_' => value.ToString(Names).PadLeft(digits, ' '),
        '0' => value.ToString(Names).PadLeft(digits, '0'),
        _ => value.ToString(Names).PadLeft(digits, padding),
    };
}
