using Microsoft.Extensions.Configuration;

namespace XLLM.Silo.Hosting.Checking;

/// <summary>The switch <c>--check-model PATH</c>: prints what would be served, with the other switches as they are given, and ends.</summary>
internal static class CheckModel
{
    /// <summary>The switch.</summary>
    public const string Switch = "--check-model";

    /// <summary>Configuration key that the switch sets.</summary>
    public const string Key = "Xllm:CheckModel";

    /// <summary>Whether the arguments ask for it.</summary>
    public static bool IsAsked(IEnumerable<string> arguments) =>
        arguments.Any(argument => argument == Switch || argument.StartsWith($"{Switch}=", StringComparison.Ordinal));

    /// <summary>Runs it.</summary>
    /// <param name="arguments">All arguments of the program.</param>
    /// <param name="output">Takes the report.</param>
    /// <param name="error">What is wrong with the arguments.</param>
    /// <returns>0: the model can be served; 1: it has faults; 2: the arguments are wrong.</returns>
    public static int Run(string[] arguments, TextWriter output, TextWriter error)
    {
        var (settings, faults) = CommandLine.Parse(arguments);
        var options = new SiloOptions();
        if (faults.Count == 0)
        {
            faults.AddRange(Bind(settings, options));
        }

        if (faults.Count > 0)
        {
            error.WriteLine(string.Join("; ", faults));
            return 2;
        }

        return ModelReport.Write(Path.GetFullPath(settings[Key]!), options, AvailableMemory.Bytes(), TimeProvider.System, output) ? 0 : 1;
    }

    private static IEnumerable<string> Bind(Dictionary<string, string?> settings, SiloOptions options)
    {
        try
        {
            new ConfigurationBuilder().AddInMemoryCollection(settings).Build().GetSection(SiloOptions.Section).Bind(options);
        }
        catch (InvalidOperationException e)
        {
            return [$"{e.Message.TrimEnd('.')}{(e.InnerException is { } inner ? $": {inner.Message}" : string.Empty)}"];
        }

        return options.Faults();
    }
}
