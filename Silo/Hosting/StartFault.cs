using Microsoft.Extensions.Options;

namespace XLLM.Silo.Hosting;

/// <summary>Which failures of a start are for the user, as one line; all others are ours and keep their stack.</summary>
internal static class StartFault
{
    /// <summary>The line, or null.</summary>
    public static string? OneLine(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case StartException:
                    return cause.Message;
                case OptionsValidationException options:
                    return string.Join("; ", options.Failures);
                case Microsoft.AspNetCore.Connections.AddressInUseException:
                    return $"{cause.Message}: stop the other process, or choose another address with --urls";
                default:
                    break;
            }
        }

        return null;
    }
}
