using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;

namespace IterableAudience.Store;

/// <summary>Short forms for the plain SQL of the lean tables, which both stores understand alike. Parameters are named @a, @b, … in the order of the arguments.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The statements are constants of this program; values are parameters.")]
internal static class Sql
{
    /// <summary>Whether many rows are better asked for at once: there is a network in between.</summary>
    public static bool IsRemote(this DbConnection connection) => connection is NpgsqlConnection;

    /// <summary>A command with one parameter for each name; set the values and run it as often as needed.</summary>
    public static DbCommand Command(this DbConnection connection, string sql, params ReadOnlySpan<string> names)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in names)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Sets the values in the order of the names and runs the command.</summary>
    public static int Run(this DbCommand command, params ReadOnlySpan<object?> values)
    {
        Bind(command, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>Sets the values in the order of the names and reads the rows.</summary>
    public static DbDataReader Query(this DbCommand command, params ReadOnlySpan<object?> values)
    {
        Bind(command, values);
        return command.ExecuteReader();
    }

    public static int Run(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Prepare(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>A statement whose answer nobody needs. In a transaction on PostgreSQL it travels with others, before the next one that has an answer; an error comes then.</summary>
    public static void Later(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (PostgresPending.Of(connection) is { } pending)
        {
            pending.Add(sql, parameters);
        }
        else
        {
            Run(connection, sql, parameters);
        }
    }

    /// <summary>The number in the first row, 0 when there is none.</summary>
    public static long Count(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Prepare(connection, sql, parameters);
        return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Reads all rows of a query into a list.</summary>
    public static List<T> Rows<T>(this DbConnection connection, string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Prepare(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public static byte[] Blob(this DbDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    private static DbCommand Prepare(DbConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        PostgresPending.Of(connection)?.Flush();
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static void Bind(DbCommand command, ReadOnlySpan<object?> values)
    {
        PostgresPending.Of(command.Connection!)?.Flush();
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }
    }
}
