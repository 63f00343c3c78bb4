using XLLM.Silo.Hosting.Checking;
using XLLM.Silo.Hosting.Storage;
using XLLM.Silo.Hosting.Verification;

namespace XLLM.Silo.Hosting;

/// <summary>What the executable does besides serving. A verb is the first argument, and a line here.</summary>
internal static class Verbs
{
    private const int UsageError = 2;

    /// <summary>Runs the verb that the arguments name.</summary>
    /// <returns>Its exit code, or null: the arguments name none, so the program serves.</returns>
    public static int? Run(string[] arguments) => arguments switch
    {
        ["migrate", .. var rest] => MigrateVerb.Run(rest, Console.Out, Console.Error),
        _ when arguments.Contains(MigrateVerb.Name) => MigrateVerb.Run(arguments, Console.Out, Console.Error),
        ["verify", .. var rest] => VerifyVerb.Run(rest, Console.Out, Console.Error),
        ["tokenize", var folder] => TokenizeVerb.Run(folder, Console.In, Console.Out, Console.Error),
        ["render", var path] => RenderVerb.Run(path, Console.In, Console.Out, Console.Error),
        ["tokenize", ..] => Usage("tokenize FOLDER"),
        ["render", ..] => Usage("render FOLDER-OR-TEMPLATE"),
        ["help" or "--help" or "-h", ..] => Help(),
        _ when CheckModel.IsAsked(arguments) => CheckModel.Run(arguments, Console.Out, Console.Error),
        [var first, ..] when !first.StartsWith('-') => Usage($"no verb '{first}'; there are: verify, tokenize, render, migrate. --help says more"),
        _ => null,
    };

    private static int Usage(string text)
    {
        Console.Error.WriteLine(text);
        return UsageError;
    }

    private static int Help()
    {
        Console.Out.Write(CommandLine.Help());
        return 0;
    }
}
